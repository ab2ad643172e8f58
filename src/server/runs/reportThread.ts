// The thread behind a ReportDesk: takes a request after the other and answers it.
import { parentPort } from 'node:worker_threads';
import { LabError } from '../../shared/errors.ts';
import { answerReport } from './report.ts';
import type { ReportRequest } from './report.ts';
import type { ReportReply } from './reportDesk.ts';

async function reply(id: number, request: ReportRequest): Promise<ReportReply> {
  try {
    return { id, result: await answerReport(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof LabError)) return { id, error: { message } };
    return {
      id,
      error: { message, code: error.code, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) },
    };
  }
}

parentPort?.on('message', ({ id, request }: { id: number; request: ReportRequest }) => {
  void reply(id, request).then((answer) => parentPort?.postMessage(answer));
});
