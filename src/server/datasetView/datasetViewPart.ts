// Answers for the dataset view: pages of rows, searches, and scores of the rows on the screen.
import { randomUUID } from 'node:crypto';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import {
  closeDatasetView,
  datasetViewChanged,
  explainDatasetViewRow,
  getDatasetViewRows,
  openDatasetView,
  scoreDatasetViewRows,
  searchDatasetView,
  searchProgress,
} from '../../shared/protocol/lab/datasetView.ts';
import type { ServerPart } from '../context.ts';
import { scoringServiceOf } from '../datasets/scoringService.ts';
import { throttled } from '../throttled.ts';
import { DatasetFile } from './datasetFile.ts';
import { explainViewRow, scoreViewRows } from './scoreViewRows.ts';

export const datasetViewPart: ServerPart = (server) => {
  const scoring = scoringServiceOf(server);
  const opened = new Map<string, { client: number; view: DatasetFile }>();
  const viewOf = (id: string): DatasetFile => {
    const found = opened.get(id);
    if (found) return found.view;
    throw new LabError('usage', phrase('This dataset view is not open any more'), { remedy: phrase('Open it again') });
  };
  const close = async (id: string): Promise<void> => {
    const found = opened.get(id);
    opened.delete(id);
    await found?.view.close();
  };
  const closeAll = async (client?: number): Promise<void> => {
    for (const [id, one] of [...opened]) if (client === undefined || one.client === client) await close(id);
  };
  server.onClientGone((client) => void closeAll(client));
  server.onShutdown(() => closeAll());

  server.handle(openDatasetView, async ({ file }, { client, signal }) => {
    const id = randomUUID();
    const tell = throttled(() => {
      const found = opened.get(id);
      if (found) server.send(client, datasetViewChanged, found.view.describe());
    });
    const view = await DatasetFile.open(id, file, tell);
    if (signal.aborted) {
      // Whoever asked has gone meanwhile, and would never close it.
      await view.close();
      signal.throwIfAborted();
    }
    opened.set(id, { client, view });
    return view.describe();
  });
  server.handle(closeDatasetView, async ({ id }) => {
    await close(id);
    return null;
  });
  server.handle(getDatasetViewRows, ({ id, from, count, characters }) => viewOf(id).rows(from, count, characters));
  server.handle(searchDatasetView, async ({ id, text, from }, { client, signal }) => {
    let share = 0;
    const tell = throttled(() => server.send(client, searchProgress, { id, share }));
    const row = await viewOf(id).search(text, from, signal, (done) => {
      share = done;
      tell();
    });
    return row === null ? null : { row };
  });
  server.handle(scoreDatasetViewRows, ({ id, model, rows }, { signal }) =>
    scoreViewRows(viewOf(id), scoring, model, rows, signal),
  );
  server.handle(explainDatasetViewRow, ({ id, model, row }, { signal }) =>
    explainViewRow(viewOf(id), scoring, model, row, signal),
  );
};
