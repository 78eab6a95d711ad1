// report.mjs -- the results as lines for a terminal and as the README's table.

/** @typedef {import('./suite.mjs').Row} Row */
/** @typedef {{ name: string, version: string, ceilings: Record<string, number>, kernels: object[], rows: Row[] }} HostResults */
/** @typedef {{ version: string, date: string, machine: string, hosts: HostResults[] }} Results */

const BUILDS = ['simd', 'relaxed'];

/** Three digits. */
const short = (/** @type {number} */ x) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const show = (/** @type {number} */ value, /** @type {Row['unit']} */ unit) => (unit === '×' ? `${short(value)}×` : `${value.toFixed(0)} ${unit}`);
const goal = (/** @type {Row} */ { unit, target }) => (unit === '×' ? `${target}×` : `${target} ${unit}`);
const sign = (/** @type {Row} */ { unit }) => (unit === 'kB' ? '≤' : '≥');

/** One line: ours, the peer, what comes of it, and what was wanted. */
export function line(/** @type {Row} */ row) {
  const { title, build, peer, ours, theirs, ratio, share, unit, value, met } = row;
  const range = (spread) => `${short(spread.median)} (${short(spread.least)}..${short(spread.most)})`;
  const times = unit === '×' ? `${range(ours)} ms, ${peer} ${range(theirs)} ms` : unit === '%' ? `${range(ours)} GFLOP/s` : '';
  const result = unit === '×' ? `${range(ratio)}×${share ? `, ${(100 * share).toFixed(0)} % of the ceiling` : ''}` : show(value, unit);
  return `  ${title}, ${build}: ${times}${times && ': '}${result}; target ${sign(row)} ${goal(row)}${met ? '' : ', missed'}`;
}

/** What follows one after the other, and the same in all hosts: a line of the table. */
const lineOf = ({ id, title, peer }) => [id, title, peer].join('\n');

/** The README's block. */
export function table(/** @type {Results} */ { date, machine, hosts }) {
  const rows = hosts.flatMap((host) => host.rows);
  const columns = hosts.flatMap(({ name }) => BUILDS.map((build) => ({ host: name, build })));
  const lines = [...new Set(rows.map(lineOf))].map((key) => {
    const mine = rows.filter((row) => lineOf(row) === key);
    const cells = columns.map(({ host, build }) => cell(mine.find((row) => row.host === host && row.build === build)));
    return `| ${mine[0].title.replaceAll(/(?<=\d)x(?=\d)/g, '×')} | ${mine[0].peer} | ${targets(mine)} | ${cells.join(' | ')} |`;
  });
  return [
    `| one thread | against | target | ${columns.map(({ host, build }) => `${host}, ${build}`).join(' | ')} |`, `|---|---|---|${columns.map(() => '---|').join('')}`,
    ...lines, '', `${machine}; ${hosts.map(({ name, version, ceilings }) => `${name} ${version}, arithmetic ceiling ${BUILDS.map((build) => `${ceilings[build].toFixed(1)} (${build})`).join(' and ')} GFLOP/s`).join('; ')}; ${date}.`,
  ].join('\n');
}

const cell = (/** @type {Row | undefined} */ row) => (row ? (row.met ? show(row.value, row.unit) : `**${show(row.value, row.unit)}**`) : '');

/** What each build is to reach: `≥ 12× and 15×`. */
function targets(/** @type {Row[]} */ rows) {
  const wanted = [...new Set(BUILDS.flatMap((build) => rows.find((row) => row.build === build) ?? []).map(goal))];
  return `${sign(rows[0])} ${wanted.join(' and ')}`;
}
