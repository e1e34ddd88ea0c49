// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { anchors, bySection, corrected, fieldsOf, nextOpen, placesOf, tally, taken } from '../../src/plan/items';
import { blocks, chunks, Printed, reaches, sectionAt, sections, segments, sentences, tableRows, type Line } from '../../src/plan/markup';
import { saying } from '../../src/plan/say';
import type { Item, ItemState } from '../../src/plan/types';

// 𠮷 lies outside the basic plane: places count it once.
const TEXT = '𠮷县方案\n一、任务\n1．清洁取暖。9月底前完成18台；10月完成。（县工信局负责）\n第 1 页\n2．禁烧。全年达到95%。\n附表1\n序号\t企业\n1\t甲厂\n';
const text = new Printed(TEXT);
const points = Array.from(TEXT).join('');
function at(words: string, from = 0): [number, number] {
  const units = TEXT.indexOf(words, from);
  const start = Array.from(TEXT.slice(0, units)).length;
  return [start, start + Array.from(words).length];
}
const lines: Line[] = (() => {
  const out: Line[] = [];
  let from = 0;
  for (const line of TEXT.split('\n')) {
    const to = from + Array.from(line).length;
    out.push({ from, to, cells: line.split('\t').length, furniture: line.startsWith('第 1') });
    from = to + 1;
  }
  return out;
})();

let place = 0;
function item(path: string, kind: string, data: unknown, fields: Item['fields'], state: ItemState = 'proposed'): Item {
  return { path, kind, place: place++, data, fields, spans: Object.values(fields).flat(), state, note: '', row_version: 1, recorded_at: '', recorded_by: '' };
}
const items = [
  item('title', 'head', '𠮷县方案', { '': [at('𠮷县方案')] }),
  item('tasks[0]', 'task', { no: '1', section: '一、任务', title: '清洁取暖' }, { section: [at('一、任务')], title: [at('清洁取暖')] }),
  item('tasks[0].responsible', 'units', ['县工信局'], { '[0]': [at('县工信局')] }, 'accepted'),
  item('tasks[0].deadlines[0]', 'deadline', { date: '2025-09-30', text: '9月底前' }, { text: [at('9月底前')] }),
  item('tasks[0].indicators[0]', 'indicator', { name: '', op: '==', value: 18, unit: '台', text: '完成18台' }, { value: [at('18')], text: [at('完成18台')] }),
  item('tasks[1]', 'task', { no: '2', section: '一、任务', title: '禁烧' }, { title: [at('禁烧')] }, 'corrected'),
  item('systems[0]', 'system', { text: '95', where: '1' }, { text: [at('95')], where: [at('一、任务')] }),
  item('penalties[0]', 'penalty', { text: 'x', amount_yuan: 100000, per: '起' }, {}, 'asked'),
];
const marks = anchors(items);
const parts = sections(text, marks);

describe('places of a plan', () => {
  it('are code points', () => {
    expect(text.length).toBe(Array.from(points).length);
    expect(text.slice(...at('县方案'))).toBe('县方案');
  });
  it('of a task are its title, of other items not what stands around them', () => {
    expect(placesOf(items[1]!)).toEqual([at('清洁取暖')]);
    expect(placesOf(items[6]!)).toEqual([at('95')]);
  });
});

describe('sections', () => {
  it('begin at the line of each task', () => {
    expect(parts.map((s) => s.path)).toEqual(['', 'tasks[0]', 'tasks[1]']);
    expect(text.slice(parts[1]!.from, parts[1]!.from + 3)).toBe('1．清');
    expect(parts[2]!.to).toBe(text.length);
  });
  it('hold what stands in them, wherever its path belongs', () => {
    const groups = bySection(parts, items);
    expect(groups[1]!.map((i) => i.path)).toEqual(['tasks[0]', 'tasks[0].responsible', 'tasks[0].deadlines[0]', 'tasks[0].indicators[0]']);
    expect(groups[2]!.map((i) => i.path)).toEqual(['tasks[1]', 'systems[0]']);
    expect(groups[0]!.map((i) => i.path)).toEqual(['title', 'penalties[0]']);
  });
  it('are found by a place', () => {
    expect(sectionAt(parts, at('95')[0])).toBe(2);
    expect(sectionAt(parts, 0)).toBe(0);
  });
  it('of a text without a task is the whole text', () => expect(sections(text, [])).toEqual([{ path: '', from: 0, to: text.length }]));
});

describe('blocks', () => {
  it('tell headings, tables and page furniture', () => {
    expect(blocks(text, lines, 0, text.length).map((b) => b.kind)).toEqual(['text', 'heading', 'text', 'furniture', 'text', 'heading', 'table']);
  });
  it('are cut where fields begin and end, the narrowest field first', () => {
    const s = parts[1]!;
    const block = blocks(text, lines, s.from, s.to)[0]!;
    const cut = segments(text, block, reaches(marks, s.from, s.to));
    expect(cut.map((x) => x.text).join('')).toBe(text.slice(block.from, block.to));
    expect(cut.find((x) => x.text === '18')!.paths).toEqual(['tasks[0].indicators[0]']);
    expect(cut.find((x) => x.text === '县工信局')!.paths).toEqual(['tasks[0].responsible']);
  });
  it('fall into sentences, each above its fields', () => {
    const s = parts[1]!;
    const list = blocks(text, lines, s.from, s.to).flatMap((b) => sentences(text, b));
    const own = items.filter((i) => i.path.startsWith('tasks[0]'));
    const cut = chunks(list, own, (i) => placesOf(i)[0]?.[0] ?? null);
    expect(cut.map((c) => c.items.map((i) => i.path))).toEqual([['tasks[0]'], ['tasks[0].deadlines[0]', 'tasks[0].indicators[0]'], ['tasks[0].responsible'], []]);
  });
});

describe('the review', () => {
  it('counts by state', () => expect(tally(items)).toEqual({ total: 8, accepted: 1, corrected: 1, rejected: 0, asked: 1, open: 5 }));
  it('goes to the next open item and round the end', () => {
    expect(nextOpen(items, null, 1)!.path).toBe('title');
    expect(nextOpen(items, 'tasks[0]', 1)!.path).toBe('tasks[0].deadlines[0]');
    expect(nextOpen(items, 'penalties[0]', 1)!.path).toBe('title');
    expect(nextOpen(items, 'title', -1)!.path).toBe('penalties[0]');
    expect(nextOpen([items[2]!], null, 1)).toBeNull();
  });
});

describe('a correction', () => {
  const form = (i: Item, change: Record<string, string>) => {
    const fields = fieldsOf(i, ['序号', '企业']);
    return corrected(i, fields, { ...Object.fromEntries(fields.map((f) => [f.name, i.kind === 'units' ? '县工信局' : String((i.data as Record<string, unknown>)[f.name] ?? '')])), ...change });
  };
  it('changes only what was changed', () => {
    const done = form(items[4]!, { value: '20' })!;
    expect(done.changes.map((f) => f.name)).toEqual(['value']);
    expect(done.data).toEqual({ name: '', op: '==', value: 20, unit: '台', text: '完成18台' });
  });
  it('refuses what is no number and no day', () => {
    expect(form(items[4]!, { value: '二十' })).toBeNull();
    expect(form(items[3]!, { date: '2025-13-01' })).toBeNull();
  });
  it('takes units one a line or set apart outside brackets', () => {
    expect(taken({ name: 'units', kind: 'list' }, '县工信局、各镇（街道、开发区）政府\n县财政局')).toEqual(['县工信局', '各镇（街道、开发区）政府', '县财政局']);
    expect(form(items[2]!, { units: '县工信局\n县财政局' })!.data).toEqual(['县工信局', '县财政局']);
  });
  it('of a row changes its cells, named by the columns', () => {
    const row = item('tables[0].rows[0]', 'row', ['1', '甲厂'], {});
    const fields = fieldsOf(row, ['序号', '企业']);
    expect(fields.map((f) => f.label)).toEqual(['序号', '企业']);
    expect(corrected(row, fields, { 0: '1', 1: '乙厂' })!.data).toEqual(['1', '乙厂']);
  });
});

describe('what an item says', () => {
  const words = { wan: '万元', yuan: '元', every: (c: string) => (c === 'month' ? '每月' : c) };
  const say = (kind: string, data: unknown) => saying(item('x', kind, data, {}), words).main;
  it('in one line', () => {
    expect(say('target', { metric: 'PM2.5', op: '<=', value: 44, unit: 'ug/m3' })).toBe('PM2.5 ≤ 44 µg/m³');
    expect(say('indicator', { op: 'range', value: 20, value2: 30, unit: '%' })).toBe('20–30 %');
    expect(say('recurring', { every: 'month', op: '>=', value: 20, unit: '%' })).toBe('每月 ≥ 20 %');
    expect(say('penalty', { amount_yuan: 100000, per: '起' })).toBe('−10 万元 / 起');
    expect(say('penalty', { amount_yuan: 500, per: '件', sign: '+' })).toBe('+500 元 / 件');
    expect(say('deadline', { start: '2025-11-15', date: '2026-03-15' })).toBe('2025-11-15 – 2026-03-15');
  });
});

describe('a printed table', () => {
  const rowsOf = (source: string) => {
    const text = new Printed(source);
    let from = 0;
    const lines = source.split('\n').map((l) => {
      const line = { from, to: from + l.length, cells: l.split('\t').length, furniture: false };
      from += l.length + 1;
      return line;
    });
    return tableRows(text, lines, { kind: 'table', from: 0, to: source.length }).map((r) => ({ head: r.head, cells: r.cells.map((c) => [text.slice(c.from, c.to), c.label]) }));
  };
  it('knows the heading of each cell, merged ones stay empty', () => {
    expect(rowsOf('类别\t项目\t单位\n工业\t甲\t乙局\n\t丙\t丁局\n类别\t项目\t单位\n生活\t戊\t己局')).toEqual([
      { head: true, cells: [['类别', ''], ['项目', ''], ['单位', '']] },
      { head: false, cells: [['工业', '类别'], ['甲', '项目'], ['乙局', '单位']] },
      { head: false, cells: [['', '类别'], ['丙', '项目'], ['丁局', '单位']] },
      { head: true, cells: [['类别', ''], ['项目', ''], ['单位', '']] },
      { head: false, cells: [['生活', '类别'], ['戊', '项目'], ['己局', '单位']] },
    ]);
  });
  it('cuts at runs of blanks where there are no tabs', () => {
    expect(rowsOf('  序号   企业名称    生产线（条）\n  1      甲厂        2')).toEqual([
      { head: true, cells: [['序号', ''], ['企业名称', ''], ['生产线（条）', '']] },
      { head: false, cells: [['1', '序号'], ['甲厂', '企业名称'], ['2', '生产线（条）']] },
    ]);
  });
});
