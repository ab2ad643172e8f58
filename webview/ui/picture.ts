// Pictures of canvases as files.
import { save } from './host.ts';

/** Bytes of a canvas as base64 of a PNG. */
export function pngOf(canvas: HTMLCanvasElement): string {
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}

/** Asks where to save and writes the picture. */
export async function savePicture(canvas: HTMLCanvasElement, suggestedName: string): Promise<void> {
  await save({ suggestedName, base64: pngOf(canvas) });
}

/** A name that every file system takes. */
export function fileName(name: string, extension: string): string {
  return `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '') || 'run'}.${extension}`;
}
