// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { pieceAt, pieces } from '../../src/device/frame';

const FRAME = '##0101QN=20261122140653000;ST=22;CN=2011;PW=123456;MN=A;Flag=5;CP=&&DataTime=20261122140600;a34004-Rtd=61.2,a34004-Flag=N&&8A40';

describe('a frame cut into pieces', () => {
  it('loses no letter', () => {
    for (const text of [FRAME, '', '##', '##00', 'rubbish', 'CP=&&', FRAME.slice(0, 60), FRAME + '\r\n', '##0101;;;CP=&&,,;&&', '##abcdCP=&&x&&zz'])
      expect(pieces(text).map((p) => p.text).join('')).toBe(text);
  });
  it('knows what each is', () => {
    const list = pieces(FRAME);
    expect(list.find((p) => p.kind === 'length')?.text).toBe('0101');
    expect(list.find((p) => p.kind === 'crc')?.text).toBe('8A40');
    expect(list.filter((p) => p.kind === 'head').map((p) => p.key)).toEqual(['QN', 'ST', 'CN', 'PW', 'MN', 'Flag']);
    expect(list.find((p) => p.factor)).toMatchObject({ factor: 'a34004', field: 'Rtd', value: '61.2' });
  });
  it('finds the piece at an offset', () => {
    const list = pieces(FRAME);
    expect(list[pieceAt(list, FRAME.indexOf('Flag=5'))]?.key).toBe('Flag');
    expect(list[pieceAt(list, FRAME.length - 4)]?.kind).toBe('crc');
    expect(pieceAt(list, 9999)).toBe(-1);
  });
});
