// SPDX-License-Identifier: Apache-2.0
// Numbers as the field writes them: rounding by GB/T 8170 (half to even, on the decimal digits and
// never on binary fractions), decimals by item and unit, a real minus sign.

/** Rounds the shortest decimal text of a number half to even at `digits` decimals. */
export function round(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = plain(Math.abs(value));
  const [whole = '0', frac = ''] = text.split('.');
  let kept = whole + frac.slice(0, digits).padEnd(digits, '0');
  const rest = frac.slice(digits);
  if (rest && up(rest, kept)) kept = increment(kept);
  if (kept.length <= digits) kept = kept.padStart(digits + 1, '0');
  const cut = kept.length - digits;
  const out = digits ? `${kept.slice(0, cut)}.${kept.slice(cut)}` : kept;
  return value < 0 && /[1-9]/.test(out) ? `−${out}` : out;
}

function up(rest: string, kept: string): boolean {
  const first = rest.charCodeAt(0) - 48;
  if (first !== 5) return first > 5;
  if (/[1-9]/.test(rest.slice(1))) return true;
  return (kept.charCodeAt(kept.length - 1) - 48) % 2 === 1;
}

function increment(digits: string): string {
  const list = digits.split('');
  for (let i = list.length - 1; i >= 0; i--) {
    if (list[i] !== '9') {
      list[i] = String(Number(list[i]) + 1);
      return list.join('');
    }
    list[i] = '0';
  }
  return '1' + list.join('');
}

function plain(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return value < 1 ? value.toFixed(20).replace(/0+$/, '') : BigInt(Math.round(value)).toString();
}

const PRETTY: Record<string, string> = {
  'ug/m3': 'µg/m³', 'μg/m3': 'µg/m³', 'µg/m3': 'µg/m³', 'μg/m³': 'µg/m³',
  'ng/m3': 'ng/m³', 'km-1': 'km⁻¹', 'mg/m3': 'mg/m³', 'm3/h': 'm³/h', 'm3/s': 'm³/s', 'm3': 'm³', 'Nm3/h': 'Nm³/h', 'm3/min': 'm³/min',
};

export function unit(text: string | null | undefined): string {
  if (!text) return '';
  return PRETTY[text] ?? text;
}

/** Decimals shown: µg/m³ none, CO one, others by unit and size. */
export function decimals(value: number, unitText: string, item?: string | null): number {
  if (item === 'CO') return 1;
  const u = unit(unitText);
  if (u === 'µg/m³' || u === 'dB' || u === 'dB(A)' || u === '°' || u === 'kg') return 0;
  if (u === 'm³/h' || u === 'Nm³/h' || u === 'Pa' || u === 'V') return 0;
  if (u === '%' || u === '℃' || u === '°C' || u === 'kW' || u === 'm/s' || u === 'A') return 1;
  if (u === 'mg/m³') return Math.abs(value) < 1 ? 2 : 1;
  if (u === '') return Number.isInteger(value) ? 0 : 2;
  return 2;
}

export function number(value: number | null | undefined, unitText = '', item?: string | null): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return round(value, decimals(value, unitText, item));
}

/** A share 0..1 as a per cent with one decimal; 94.96 never becomes 95.0. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–';
  const floor = Math.floor(share * 1000 + 1e-9) / 10;
  return `${floor.toFixed(1)} %`;
}

/** Counts with a thin space between groups of three from five digits on. */
export function count(n: number): string {
  const text = String(Math.trunc(n));
  return text.length < 5 ? text : text.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** Degrees as 113°12′36″. */
export function degrees(value: number, east: boolean): string {
  const total = Math.round(Math.abs(value) * 3600);
  const d = Math.floor(total / 3600);
  const m = Math.floor((total % 3600) / 60);
  const s = total % 60;
  const side = east ? (value < 0 ? 'W' : 'E') : value < 0 ? 'S' : 'N';
  const two = (n: number) => (n < 10 ? '0' : '') + n;
  return `${d}°${two(m)}′${two(s)}″ ${side}`;
}

/** Great-circle distance in km and initial bearing in degrees from a to b. */
export function way(a: [number, number], b: [number, number]): { km: number; bearing: number } {
  const rad = Math.PI / 180;
  const [lon1, lat1, lon2, lat2] = [a[0] * rad, a[1] * rad, b[0] * rad, b[1] * rad];
  const dlon = lon2 - lon1;
  const h = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin(dlon / 2) ** 2;
  const km = 2 * 6371.0088 * Math.asin(Math.sqrt(h));
  const y = Math.sin(dlon) * Math.cos(lat2);
  const x = Math.cos(lat1) * Math.sin(lat2) - Math.sin(lat1) * Math.cos(lat2) * Math.cos(dlon);
  return { km, bearing: (Math.atan2(y, x) / rad + 360) % 360 };
}

/** One of 16 compass points, 0..15 clockwise from north. */
export function compass(bearing: number): number {
  return Math.round((((bearing % 360) + 360) % 360) / 22.5) % 16;
}

export function csv(rows: (string | number | null)[][]): string {
  const cell = (v: string | number | null) => {
    if (v === null) return '';
    let text = String(v);
    // A spreadsheet would run a name that begins like a formula.
    if (typeof v === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return rows.map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n';
}
