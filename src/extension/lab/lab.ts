// The lab server for the extension: which workspace, which bundle, whose trust; everything else is in LabClient.
import { join } from 'node:path';
import * as vscode from 'vscode';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import { servedFolder } from '../servedFolder.ts';
import type { Lab, LabState } from '../workbench.ts';
import { LabClient } from './labClient.ts';

/** Creates the lab; no process is started before the first request. */
export function createLab(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Lab {
  const stateChanged = new vscode.EventEmitter<LabState>();
  const client = clientOf(context, log);
  context.subscriptions.push(
    stateChanged,
    { dispose: () => client?.dispose() },
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      client?.passTrustOn().catch((error: unknown) => log.error(error instanceof Error ? error : String(error)));
    }),
  );
  client?.onDidChangeState((state) => stateChanged.fire(state));
  return {
    get state() {
      return client?.state ?? 'stopped';
    },
    onDidChangeState: stateChanged.event,
    request: async (spec, params, token) => {
      if (!client) throw noFolder();
      const abort = new AbortController();
      const listening = token?.onCancellationRequested(() => abort.abort());
      if (token?.isCancellationRequested) abort.abort();
      try {
        return await client.request(spec, params, abort.signal);
      } finally {
        listening?.dispose();
      }
    },
    notify: (spec, params) => client?.notify(spec, params),
    on: (spec, listener) => new vscode.Disposable(client?.on(spec, listener) ?? (() => undefined)),
  };
}

/** Undefined without a folder on this machine: there is nothing to serve. */
function clientOf(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): LabClient | undefined {
  const folder = servedFolder();
  const storage = context.storageUri;
  if (!folder || !storage) return undefined;
  const { version } = context.extension.packageJSON as { version: string };
  return new LabClient({
    workspace: folder.uri.fsPath,
    stateFolder: storage.fsPath,
    serverEntry: join(context.extensionPath, 'dist', 'server.js'),
    version,
    client: `${vscode.env.appName} ${vscode.version}`,
    trusted: () => vscode.workspace.isTrusted,
    log: (level, message) => {
      if (level === 'error') log.error(message);
      else if (level === 'warning') log.warn(message);
      else log.info(message);
    },
  });
}

const noFolder = (): LabError =>
  new LabError('server-unavailable', phrase('No folder is open'), {
    remedy: phrase('Open a folder with datasets and experiments, or the example workspace'),
  });
