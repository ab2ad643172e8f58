import { homedir } from 'node:os';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Memento } from 'vscode';
import { ChosenAnnotationModel } from './annotationModel.ts';

interface Editor {
  settings: Record<string, unknown>;
  change(name: string, value: unknown): void;
}

const editor = vi.hoisted((): Editor => ({ settings: {}, change: () => undefined }));

vi.mock('vscode', () => {
  class EventEmitter {
    private readonly listeners: (() => void)[] = [];
    readonly event = (listener: () => void) => this.listeners.push(listener);
    fire(): void {
      for (const listener of this.listeners) listener();
    }
    dispose(): void {
      this.listeners.length = 0;
    }
  }
  type Listener = (event: { affectsConfiguration(name: string): boolean }) => void;
  return {
    EventEmitter,
    workspace: {
      getConfiguration: (section: string) => ({
        get: (key: string, fallback: unknown) => editor.settings[`${section}.${key}`] ?? fallback,
      }),
      onDidChangeConfiguration: (listener: Listener) => {
        editor.change = (name, value) => {
          editor.settings[name] = value;
          listener({ affectsConfiguration: (asked) => asked === name });
        };
        return { dispose: () => undefined };
      },
    },
  };
});

const setting = 'forgettingLab.annotations.model';

describe('the model that annotates', () => {
  let kept: Map<string, unknown>;
  let model: ChosenAnnotationModel;
  let changes: number;

  beforeEach(() => {
    editor.settings = {};
    kept = new Map();
    const state = {
      get: (key: string) => kept.get(key),
      update: async (key: string, value: unknown) => void kept.set(key, value),
    } as unknown as Memento;
    model = new ChosenAnnotationModel(state);
    changes = 0;
    model.onDidChange(() => changes++);
  });

  it('is that of the setting', () => {
    expect(model.scoring()).toEqual({ name: 'pocket', device: 'auto', threads: 0 });
    editor.change(setting, '~/models/a');
    expect(model.name).toBe(`${homedir()}/models/a`);
    expect(changes).toBe(1);
    editor.change('forgettingLab.device', 'cpu');
    expect(model.scoring().device).toBe('cpu');
    expect(changes).toBe(1);
  });

  it('is the one that was chosen for the workspace, which no setting says', async () => {
    await model.choose('/runs/r/checkpoint');
    expect(model.scoring().name).toBe('/runs/r/checkpoint');
    expect(changes).toBe(1);
    expect(editor.settings).toEqual({});
    editor.change(setting, '/other');
    expect(model.name).toBe('/runs/r/checkpoint');
  });

  it('follows the setting again when that is chosen', async () => {
    await model.choose('/chosen');
    await model.choose('pocket');
    editor.change(setting, '/other');
    expect(model.name).toBe('/other');
  });
});
