// SPDX-License-Identifier: Apache-2.0
// What may be asked of a device beyond the usual, as the server's table of commands says it.

export interface CommandParam {
  name: string;
  zh: string;
  en: string;
  kind: 'number' | 'choice' | 'digits' | 'word';
  min: number;
  max: number;
  choices: string[];
  unit: string | null;
  required: boolean;
}

export interface Command {
  cn: number;
  zh: string;
  en: string;
  versions: number[];
  range: 'none' | 'optional' | 'needed';
  params: CommandParam[];
}

/** Asked by fields of their own, or by the gateway itself. */
const ELSEWHERE = new Set([1011, 1012, 1061, 1062, 1063, 1064, 2011, 2012, 2021, 2022, 2031, 2051, 2061]);

/** Commands of the device's version that have no field of their own; dialect 0 = not known. */
export function others(commands: Command[], dialect: number): Command[] {
  return commands.filter((c) => !ELSEWHERE.has(c.cn) && (!dialect || c.versions.includes(dialect)));
}

/** Whether a value may be sent; an empty one is none. */
export function fits(p: CommandParam, value: string): boolean {
  if (value === '') return !p.required;
  if (p.kind === 'choice') return p.choices.includes(value);
  if (p.kind === 'number') return /^\d+$/.test(value) && Number(value) >= p.min && Number(value) <= p.max;
  const form = p.kind === 'digits' ? /^\d+$/ : /^[A-Za-z0-9_-]+$/;
  return form.test(value) && value.length >= p.min && value.length <= p.max;
}

/** "A=1;B=2" of the values that were given; null when one does not fit. */
export function paramsText(c: Command, values: Record<string, string>): string | null {
  const given: string[] = [];
  for (const p of c.params) {
    const value = (values[p.name] ?? '').trim();
    if (!fits(p, value)) return null;
    if (value) given.push(`${p.name}=${value}`);
  }
  return given.join(';');
}
