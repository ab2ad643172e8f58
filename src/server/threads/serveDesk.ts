// The other end of a ThreadDesk: takes a request after the other and answers it.
import { parentPort } from 'node:worker_threads';
import { errorWords, LabError } from '../../shared/errors.ts';
import type { Answers, Service } from './desk.ts';
import type { ThreadReply, ThreadRequest } from './threadDesk.ts';

/** Answers what is posted to this thread. */
export function serveDesk<S extends Service>(answers: Answers<S>): void {
  const reply = async ({ id, kind, request }: ThreadRequest): Promise<ThreadReply> => {
    try {
      return { id, result: await answers[kind as keyof S](request) };
    } catch (error) {
      const words = errorWords(error);
      return { id, error: error instanceof LabError ? { words, code: error.code } : { words } };
    }
  };
  parentPort?.on('message', (message: ThreadRequest) => {
    void reply(message).then((answer) => parentPort?.postMessage(answer));
  });
}
