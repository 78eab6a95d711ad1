// suite.mjs -- carries the bench out on one host: the kernels, then every workload, each checked for the same work before it is timed.
//
// Free of Node, so that a page runs it as well.  What differs is the host's: where modules and programs come from.
import { alternate, ratio } from './clock.mjs';
import { measureKernels } from './kernels.mjs';
import { openOurs } from './ours.mjs';
import { openOnnx } from './peers/onnx.mjs';
import { openTfjs } from './peers/tfjs.mjs';
import { REFERENCES } from './reference/reference.mjs';
import { line } from './report.mjs';
import { KERNELS, WORKLOADS } from './workloads.mjs';

/** @typedef {import('./clock.mjs').Spread} Spread */
/** @typedef {import('./clock.mjs').Contender} Contender */
/** @typedef {import('./workloads.mjs').Workload} Workload */

/**
 * @typedef {object} Host
 * @property {string} name
 * @property {(options: object) => Promise<any>} createLab
 * @property {(build: string) => Promise<(options?: object) => Promise<any>>} kernels  the factory of a build of kernels.c
 * @property {any} tf  @tensorflow/tfjs-core with both backends
 * @property {any} ort  onnxruntime-web
 * @property {((...setting: any[]) => Promise<any>) | null} torch  opens PyTorch, where there is one
 */

/**
 * A line of the result: ours beside one peer, or a kernel beside the arithmetic ceiling.
 * @typedef {object} Row
 * @property {string} id  of the workload
 * @property {string} title
 * @property {string} host
 * @property {string} build
 * @property {string} peer
 * @property {string} [about]  which version of the peer, where package.json does not say it
 * @property {'×' | '%' | 'kB'} unit  of value and target: how many times as fast as the peer, a share of the ceiling, a size (which is not to exceed its target)
 * @property {number} value
 * @property {number} target
 * @property {boolean} met
 * @property {Spread} [ours]  ms a step; a kernel's GFLOP/s
 * @property {Spread} [theirs]  ms a step
 * @property {Spread} [ratio]  theirs over ours, round by round
 * @property {number} [share]  of the arithmetic ceiling that ours reaches
 */

const BUILDS = ['simd', 'relaxed'];

/**
 * Relative difference of losses that are the same.  Both sides compute in single precision and sum in different orders, which costs about 1e-6 a step;
 * a wrong sign, rate or missing term shows as 1e-2 and more.
 */
const SAME_LOSS = 1e-4;
/** Difference of pixels in [0, 1] that are the same. */
const SAME_PIXEL = 1e-5;

/** How each peer is opened; null: it is not here. */
const PEERS = {
  'tfjs-wasm': (host, { ours, reference }) => openTfjs(host.tf, 'wasm', reference, ours.weights),
  'tfjs-cpu': (host, { ours, reference }) => openTfjs(host.tf, 'cpu', reference, ours.weights),
  torch: (host, { workload, ours, reference, checked }) => host.torch?.(workload.model, ours.setting, reference, ours.weights, checked) ?? null,
  'onnxruntime-web': (host, { workload, ours }) => openOnnx(host.ort, workload.model, ours.weights, ours.codes),
};

/**
 * @typedef {object} Options
 * @property {string} [only]  workloads whose id contains it
 * @property {import('./clock.mjs').Patience} patience
 * @property {boolean} slow  those too that take minutes
 * @property {(line: string) => void} say
 */

/**
 * @param {Host} host
 * @param {Options} options
 * @returns {Promise<{ ceilings: Record<string, number>, kernels: object[], rows: Row[] }>}
 */
export async function runSuite(host, { only = '', patience, slow, say }) {
  const ceilings = {}, kernels = [], rows = [];
  const keep = (lines) => {
    for (const row of lines) say(line(row));
    rows.push(...lines);
  };
  for (const build of BUILDS) {
    const { ceiling, results, lines } = await benchKernels(host, build, only, patience);
    ceilings[build] = ceiling;
    kernels.push(...results);
    say(`${host.name}, ${build}: arithmetic ceiling ${ceiling.toFixed(1)} GFLOP/s`);
    keep(lines);
  }
  const limits = await Promise.all(BUILDS.map((build) => openCeiling(host, build)));
  for (const workload of WORKLOADS.filter((one) => one.id.includes(only) && (slow || only || !one.slow))) keep(await benchWorkload(host, workload, limits, patience, say));
  for (const workload of WORKLOADS.filter((one) => one.threads && threadsId(one).includes(only))) keep(await benchThreads(host, workload, patience, say));
  return { ceilings, kernels, rows };
}

/** The kernels of one build; without a target unless workloads.mjs gives one. */
async function benchKernels(host, build, only, patience) {
  const quick = patience.rounds < 3, wanted = KERNELS.filter(({ id }) => id.includes(only));
  // All of them in a full run; else those that a target speaks of, or the ceiling alone.
  const names = !only && !quick ? [''] : wanted.length ? wanted.map(({ name }) => name) : ['ceiling'];
  const factory = await host.kernels(build), results = [];
  for (const name of quick ? names.slice(0, 1) : names) results.push(...await measureKernels(factory, { rounds: patience.rounds, only: name }));
  const lines = wanted.flatMap(({ id, name, target }) => results.filter((one) => one.name === name).map(({ unit, share, name: _, ...ours }) => ({
    id, title: name, host: host.name, build, peer: 'ceiling', unit: '%', value: 100 * share, target: 100 * target, met: share >= target, ours, share,
  })));
  return { ceiling: results[0].median, results: results.map((one) => ({ host: host.name, build, ...one })), lines };
}

/** The arithmetic ceiling as a contender, whose neighbours are measured by it. */
async function openCeiling(host, build) {
  const module = await (await host.kernels(build))();
  if (!module._bench_begin()) throw new Error('the bench has no memory');
  return { name: `ceiling ${build}`, flops: module._bench_ceiling(1), go: (count) => { module._bench_ceiling(count); } };
}

/** Opens runs of ours, one for each of those labs, for the length of `body`. */
async function withOurs(host, workload, options, body) {
  const labs = [], ours = [];
  try {
    for (const one of options) {
      labs.push(await host.createLab(one));
      ours.push(openOurs(labs.at(-1), workload));
    }
    return await body(ours);
  } finally {
    for (const one of ours) one.close();
    for (const lab of labs) lab.free();
  }
}

/** One workload: both builds of ours, every peer that is here and the ceiling, in turn. */
const benchWorkload = (host, workload, limits, patience, say) => withOurs(host, workload, BUILDS.map((build) => ({ build })), async (ours) => {
  const peers = [], checked = workload.checked ?? 5, reference = workload.kind === 'train' ? REFERENCES[workload.model](ours[0].setting) : null;
  try {
    for (const name of Object.keys(workload.peers)) {
      const peer = await PEERS[name](host, { workload, ours: ours[0], reference, checked });
      if (peer) peers.push(peer);
      else say(`  ${workload.title}: ${name} is not here`);
      if (peer?.about) say(`  ${name} is ${peer.about}`);
    }
    await (workload.kind === 'decode' ? samePixels : sameLosses)(ours, peers, checked);
    const times = await alternate([...limits, ...ours, ...peers], patience);
    return BUILDS.flatMap((build, i) => peers.map(({ name, about }) => {
      const gain = ratio(times[name], times[build]), target = workload.peers[name][build];
      const share = workload.flops / limits[i].flops * ratio(times[limits[i].name], times[build]).median;
      return {
        id: workload.id, title: workload.title, host: host.name, build, peer: name, about, unit: '×', value: gain.median, target, met: gain.median >= target,
        ours: times[build], theirs: times[name], ratio: gain, share,
      };
    }));
  } finally {
    for (const peer of peers) await peer.close();
  }
});

const threadsId = ({ id }) => `${id}-threads`;

/** The same bytes on two threads as on one, and how much sooner. */
async function benchThreads(host, workload, patience, say) {
  const two = { build: 'threads', threads: 2 };
  try {
    return await withOurs(host, workload, [{ build: 'simd' }, two], async ([one, both]) => {
      for (let step = 0; step < 3; step++) sameExactly(one.losses(), both.losses());
      const times = await alternate([one, both], patience), gain = ratio(times[one.name], times[both.name]), target = workload.threads;
      return [{
        id: threadsId(workload), title: `${workload.title}, two threads`, host: host.name, build: 'simd', peer: 'one thread', unit: '×', value: gain.median, target,
        met: gain.median >= target, ours: times[both.name], theirs: times[one.name], ratio: gain,
      }];
    });
  } catch (error) {
    if (error.code !== 'unsupported') throw error;
    say(`  ${workload.title}: no threads here: ${error.message}`);
    return [];
  }
}

function sameExactly(one, two) {
  const [a, b] = [one, two].map((losses) => JSON.stringify(losses));
  if (a !== b) throw new Error(`two threads change results: ${a} became ${b}`);
}

/** Ours does the same work as the peers: the same losses at every one of the first steps. */
export async function sameLosses(ours, peers, steps) {
  for (let step = 0; step < steps; step++) {
    const told = [];
    for (const one of ours) told.push({ name: one.name, losses: await one.losses(step) });
    for (const peer of peers) {
      for (const [loss, wanted] of Object.entries(await peer.losses(step))) {
        for (const { name, losses } of told) {
          if (!(Math.abs(losses[loss] - wanted) <= SAME_LOSS * Math.abs(wanted)))
            throw new Error(`not the same work: at step ${step + 1} the ${loss} loss of ${peer.name} is ${wanted}, ours (${name}) ${losses[loss]}`);
        }
      }
    }
  }
}

/** The same pictures from the same codes. */
export async function samePixels(ours, peers) {
  for (const peer of peers) {
    const theirs = await peer.pixels();
    for (const one of ours) {
      const worst = one.pixels().reduce((most, pixel, i) => Math.max(most, Math.abs(pixel - theirs[i])), 0);
      if (!(worst <= SAME_PIXEL)) throw new Error(`not the same work: a pixel of ${peer.name} differs from ours (${one.name}) by ${worst}`);
    }
  }
}
