// report.mjs -- the results as lines for a terminal and as the README's table.

/** @typedef {import('./suite.mjs').Row} Row */
/** @typedef {{ name: string, version: string, ceilings: Record<string, number>, rows: Row[] }} HostResults */
/** @typedef {{ date: string, machine: string, hosts: HostResults[] }} Results */

const BUILDS = ['simd', 'relaxed'];

/** Three digits. */
const short = (/** @type {number} */ x) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const show = (/** @type {number} */ value, /** @type {Row['unit']} */ unit) => (unit === '×' ? `${short(value)}×` : `${value.toFixed(0)} ${unit}`);
const goal = (/** @type {Row} */ { unit, target }) => (unit === '×' ? `${target}×` : `${target} ${unit}`);
const sign = (/** @type {Row} */ { unit }) => (unit === 'kB' ? '≤' : '≥');

const range = (/** @type {import('./clock.mjs').Spread} */ { median, least, most }) => `${short(median)} (${short(least)}..${short(most)})`;

/** What was measured, by the unit of what comes of it. */
const FACTS = {
  '×': ({ ours, theirs, peer, ratio, share }) => `${range(ours)} ms, ${peer} ${range(theirs)} ms: ${range(ratio)}×${share ? `, ${(100 * share).toFixed(0)} % of the ceiling` : ''}`,
  '%': ({ ours, value, unit }) => `${range(ours)} GFLOP/s, ${show(value, unit)} of the ceiling`,
  kB: ({ peer, value, unit }) => `${show(value, unit)}, ${peer}`,
};

/** One line: ours, the peer, what comes of it, and what was wanted. */
export function line(/** @type {Row} */ row) {
  return `  ${row.title}, ${row.build}: ${FACTS[row.unit](row)}; target ${sign(row)} ${goal(row)}${row.met ? '' : ', missed'}`;
}

/** What is the same in all hosts and builds makes a line of the table. */
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
    ...lines, '', `${[...new Set([machine, ...hosts.map(circumstances), ...rows.flatMap(({ about }) => about ?? []), date])].join('; ')}.`,
  ].join('\n');
}

function circumstances(/** @type {HostResults} */ { name, version, ceilings }) {
  return `${name} ${version}, arithmetic ceiling ${BUILDS.map((build) => `${ceilings[build].toFixed(1)} (${build})`).join(' and ')} GFLOP/s`;
}

const cell = (/** @type {Row | undefined} */ row) => (row ? (row.met ? show(row.value, row.unit) : `**${show(row.value, row.unit)}**`) : '');

/** What each build is to reach: `≥ 12× and 15×`. */
function targets(/** @type {Row[]} */ rows) {
  const wanted = [...new Set(BUILDS.flatMap((build) => rows.find((row) => row.build === build) ?? []).map(goal))];
  return `${sign(rows[0])} ${wanted.join(' and ')}`;
}
