// The thread behind a ReportDesk: takes a request after the other and answers it.
import { parentPort } from 'node:worker_threads';
import { errorWords, LabError } from '../../shared/errors.ts';
import { answerReport } from './report.ts';
import type { ReportRequest } from './report.ts';
import type { ReportReply } from './reportDesk.ts';

async function reply(id: number, request: ReportRequest): Promise<ReportReply> {
  try {
    return { id, result: await answerReport(request) };
  } catch (error) {
    const words = errorWords(error);
    return { id, error: error instanceof LabError ? { words, code: error.code } : { words } };
  }
}

parentPort?.on('message', ({ id, request }: { id: number; request: ReportRequest }) => {
  void reply(id, request).then((answer) => parentPort?.postMessage(answer));
});
