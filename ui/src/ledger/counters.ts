// SPDX-License-Identifier: Apache-2.0
// Figures counted from a ledger as words: "△ 逾期 3". What a counter is called begins its tone: red_…,
// yellow_…, green_….

export interface Figure {
  counter: string;
  zh: string;
  en: string;
  kind: string;
  value: number | null;
}

export type Tone = 'red' | 'yellow' | 'green' | '';

export function toneOf(figure: Figure): Tone {
  const at = /^(red|yellow|green)_/.exec(figure.counter);
  const tone = (at?.[1] ?? '') as Tone;
  // What counts nothing has no tone.
  return figure.value ? tone : '';
}

const SHAPES: Record<Tone, string> = { red: '◆ ', yellow: '△ ', green: '● ', '': '' };

/** A share never rounds up to what it has not reached. */
export function figureText(figure: Figure): string {
  if (figure.value === null) return '–';
  if (figure.kind === 'share') return `${(Math.floor(figure.value * 1000 + 1e-9) / 10).toFixed(1)} %`;
  return String(figure.value);
}

export function counterText(figure: Figure, lang: 'zh' | 'en'): string {
  return `${SHAPES[toneOf(figure)]}${lang === 'en' ? figure.en || figure.zh : figure.zh} ${figureText(figure)}`;
}

/** Word and shape of a row's light. */
export const lightShape = (light: string | null): string => SHAPES[(light ?? '') as Tone] ?? '';
