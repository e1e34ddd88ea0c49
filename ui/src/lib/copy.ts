// SPDX-License-Identifier: Apache-2.0
// Onto the clipboard where the browser lets a page write there (only on secure origins); else as a
// file, so that the button always does what it says.

export type Copied = 'copied' | 'saved';

export function save(blob: Blob, name: string): Copied {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
  return 'saved';
}

export async function copyText(text: string, name: string): Promise<Copied> {
  try {
    await navigator.clipboard.writeText(text);
    return 'copied';
  } catch {
    return save(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }), name);
  }
}

export async function copyPicture(canvas: HTMLCanvasElement, name: string): Promise<Copied> {
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (!blob) throw new Error('no picture');
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
    return 'copied';
  } catch {
    return save(blob, name);
  }
}
