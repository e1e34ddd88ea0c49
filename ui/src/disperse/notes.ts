// SPDX-License-Identifier: Apache-2.0
// How each figure of the page comes about.
import type { Rule } from '../lib/types';
import { figure } from './response';
import type { Airshed, Imported, ImportGroup, Monitors, Range } from './types';

const MODEL = {
  source: 'EPA-454/R-03-004 (AERMOD: Description of Model Formulation); HJ 2.2',
  source_zh: 'EPA-454/R-03-004（AERMOD 模型公式说明）；HJ 2.2',
};
const none = { clause: null, valid_from: null };

function weather(a: Airshed): Rule['inputs'] {
  const m = a.matrix;
  if (!m) return [];
  return [
    { zh: '气象', en: 'Weather', value: `${m.from} – ${m.to}` },
    { zh: '取用小时（静风、缺测另计）', en: 'Hours taken (calm and missing apart)', value: `${m.hours} (${m.calm}, ${m.missing})` },
    { zh: '每几小时取一', en: 'One hour in', value: String(a.every_h ?? 1) },
    { zh: '排放源', en: 'Sources', value: String(a.sources?.length ?? 0) },
  ];
}

export function fieldNote(a: Airshed): Rule[] {
  return [{ figure: 'disperse.field', zh: '稳态烟羽逐时计算后取平均：每个排放源单位排放的贡献乘以台账中的排放量，再求和。只含本县台账内排放源的一次排放；区域传输和二次生成不在内。平坦地形，无建筑物下洗。', en: 'A steady-state plume hour by hour, averaged: each source\'s contribution per unit emission times the emission in the ledger, summed. Primary emissions of the county\'s own ledger only; transport from outside and secondary formation are not in it. Flat ground, no building downwash.', formula: 'C(r) = Σ M(r, s) · E(s)', inputs: weather(a), ...MODEL, ...none }];
}

export function shareNote(a: Airshed): Rule[] {
  return [{ figure: 'disperse.share', zh: '此处各源贡献占本县各源贡献之和的比例；两端是 12 个月各月比例的最小与最大，说明气象使它变动多少。排放量本身的误差不在内。', en: 'A source\'s part of what the county\'s sources add here; the ends are the least and the largest of the twelve months\' shares: how far the weather moves it. The error of the emission itself is not in it.', formula: 'M(r, s)·E(s) / Σ M(r, k)·E(k)', inputs: weather(a), ...MODEL, ...none }];
}

export function fitNote(m: Monitors): Rule[] {
  const f = m.fit;
  return [{ figure: 'disperse.fit', zh: '各站各月平均值与模拟值配对，用非负最小二乘求一个系数和一个背景；误差按残差的自相关放宽。系数与 1 相差不到两倍误差时，监测不能改变模拟。', en: 'Monthly means of the stations against the model: one factor and one background by non-negative least squares, errors widened for residuals that follow each other. Where the factor lies within two errors of 1 the monitors do not change the model.', formula: 'O = a · M + B,  a, B ≥ 0', inputs: f ? [{ zh: '系数 a', en: 'Factor a', value: `${figure(f.all.factor)} ± ${figure(f.all.error)}` }, { zh: '背景 B', en: 'Background B', value: `${figure(f.background.factor)} ± ${figure(f.background.error)}` }, { zh: '残差标准差', en: 'Standard deviation of residuals', value: figure(f.residual) }] : [], source: 'Lawson and Hanson 1974, ch. 23', source_zh: 'Lawson、Hanson 1974，第 23 章', ...none }];
}

export function scoreNote(): Rule[] {
  return [{ figure: 'disperse.scores', zh: 'FAC2：模拟在监测的一半到两倍之间的比例。FB：0 最好，大于 0 为偏低。NMSE：0 最好。r：相关系数。', en: 'FAC2: share within a factor of two. FB: 0 is best, above 0 the model is too low. NMSE: 0 is best. r: correlation.', formula: 'FB = 2(Ō − M̄)/(Ō + M̄),  NMSE = mean (O − M)² / (Ō M̄)', inputs: [], source: 'Chang and Hanna 2004, Meteorol. Atmos. Phys. 87, 167', source_zh: 'Chang、Hanna 2004，Meteorol. Atmos. Phys. 87, 167', ...none }];
}

const given = (a: Airshed): Pick<Rule, 'source' | 'source_zh'> => ({ source: a.setup?.source ?? 'set by the county', source_zh: a.setup?.source ?? '本县填报' });

/** Of an import: whose it is, its file, and when it was taken in. */
const taken = (i: Imported): Pick<Rule, 'source' | 'source_zh'> => ({ source: `${i.source} (${i.name}, ${i.taken_at.slice(0, 10)}, ${i.taken_by})`, source_zh: `${i.source}（${i.name}，${i.taken_at.slice(0, 10)}，${i.taken_by}）` });

export function ceilingNote(a: Airshed, share: Range, matrix: Imported | null, region: string | null): Rule[] {
  return [{ figure: 'disperse.ceiling', zh: '只有本地贡献的份额随本县排放变化，其余来自县外。份额由上级传输矩阵或文献给出，不由本模型得出；无论本县减多少，都低不过这个下限。', en: 'Only the local share answers to the county\'s emissions, the rest comes from outside. The share is given by a transport matrix from above or by literature, not by this model; whatever the county cuts, it cannot fall below this.', formula: "C' = C · [1 − λ (1 − r)]", inputs: [{ zh: '本地份额 λ', en: 'Local share λ', value: `${share[0]} – ${share[1]}` }, ...(matrix && region ? [{ zh: '矩阵中的本县区域', en: 'The county among the matrix\'s regions', value: region }] : [])], ...(matrix ? taken(matrix) : given(a)), ...none }];
}

export function secondaryNote(a: Airshed, e: Record<string, Range>, file: Imported | null): Rule[] {
  return [{ figure: 'disperse.secondary', zh: '估算：前体物排放变化乘以弹性系数，系数是文献给出的范围，没有本地化学模拟。只看方向和量级。', en: 'An estimate: change of precursors times elasticities, which are ranges from literature, without local chemistry. Good for direction and size only.', formula: 'ΔPM / PM = Σ e(k) · ΔE(k) / E(k)', inputs: Object.entries(e).map(([k, r]) => ({ zh: k, en: k, value: `${r[0]} – ${r[1]}` })), ...(file ? taken(file) : given(a)), ...none }];
}

export function surfaceNote(file: Imported, g: ImportGroup, change: Record<string, number>): Rule[] {
  return [{ figure: 'disperse.surface', zh: '估算：把本县前体物排放的变化代入外单位拟合的多项式响应曲面。系数由化学传输模式多次运行拟合，本程序只求值；它在何处、何季、多大减排范围内成立，由其作者说明。', en: 'An estimate: the change of the county\'s precursors put into a polynomial response surface that others fitted to runs of a chemistry-transport model; this program only evaluates it. Where, when and for how large a cut it holds is for its makers to say.', formula: 'ΔC = Σ x · ΔNOx^a · ΔSO2^b · ΔNH3^c · ΔVOC^d,  Δ = E′/E − 1', inputs: [{ zh: '地点、季节', en: 'Place, season', value: [g.place, g.season].filter(Boolean).join(' · ') }, { zh: '项数', en: 'Terms', value: String(g.rows.length) }, ...Object.entries(change).map(([k, v]) => ({ zh: `Δ${k}`, en: `Δ${k}`, value: `${(v * 100).toFixed(1)} %` }))], ...taken(file), ...none }];
}

export function ozoneNote(m: Monitors): Rule[] {
  const o = m.ozone;
  return [{ figure: 'disperse.ozone', zh: '只给方向：没有本地 VOC 组分和化学机理，任何浓度数字都不可信。依据是 4–9 月周末（NOx 较低）臭氧的变化和臭氧对 NO2 的逐日斜率；小于两倍标准误的不算；两者不一致或都不够明显时说“不明”。', en: 'A direction only: without local VOC speciation and a mechanism no concentration would be honest. From April to September: the change at weekends, when NOx is lower, and the slope of ozone on NO2 from day to day; what is less than two standard errors does not count; where they differ or neither counts it is unknown.', formula: null, inputs: [{ zh: '周末变化', en: 'Change at weekends', value: o.weekend_change === null ? '–' : `${(o.weekend_change * 100).toFixed(1)} ± ${(o.weekend_error * 100).toFixed(1)} %` }, { zh: '斜率', en: 'Slope', value: o.slope === null ? '–' : `${figure(o.slope)} ± ${figure(o.slope_error)}` }], source: 'Duncan et al. 2010, Atmos. Environ. 44, 2213', source_zh: 'Duncan 等 2010，Atmos. Environ. 44, 2213', ...none }];
}
