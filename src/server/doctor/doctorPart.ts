// The checks of `forgetting-lab doctor` for the editor. Each is told as soon as it is known: devices take seconds.
import { doctorChecks } from '../../lab/doctor.ts';
import { doctorCheck, runDoctor } from '../../shared/protocol/lab/doctor.ts';
import type { DoctorCheck } from '../../shared/protocol/lab/doctor.ts';
import type { ServerPart } from '../context.ts';

export const doctorPart: ServerPart = (server) => {
  server.handle(runDoctor, async (_, { client, signal }) => {
    const checks: DoctorCheck[] = [];
    for await (const check of doctorChecks(server.workspace, signal)) {
      checks.push(check);
      server.send(client, doctorCheck, check);
    }
    return checks;
  });
};
