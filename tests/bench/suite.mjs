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
 * @property {string} version
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
 * @property {string} [about]  the peer's version, where the lock file does not say it
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
 * @param {Host} host
 * @param {{ only?: string, patience: import('./clock.mjs').Patience, slow: boolean, say: (line: string) => void }} options
 *   `only`: workloads whose id contains it; `slow`: those too that take minutes
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
  for (const workload of WORKLOADS.filter(({ id, slow: long }) => id.includes(only) && (slow || only || !long))) {
    keep(await benchWorkload(host, workload, ceilings, patience, say));
  }
  return { ceilings, kernels, rows };
}

/** The kernels of one build; without a target unless workloads.mjs gives one. */
async function benchKernels(host, build, only, patience) {
  const quick = patience.rounds < 3, wanted = KERNELS.filter(({ id }) => id.includes(only));
  // All of them in a full run; else those that a target speaks of, or the ceiling alone.
  const names = !only && !quick ? [''] : wanted.length ? wanted.map(({ name }) => name) : ['ceiling'];
  const factory = await host.kernels(build), results = [];
  for (const name of quick ? names.slice(0, 1) : names) results.push(...await measureKernels(factory, { rounds: patience.rounds, only: name }));
  const ceiling = results[0].median;
  const lines = wanted.flatMap(({ id, name, target }) => results.filter((one) => one.name === name).map(({ unit, share, samples, ...ours }) => ({
    id, title: name, host: host.name, build, peer: 'ceiling', unit: '%', value: 100 * share, target: 100 * target, met: share >= target, ours: { ...ours, samples }, share,
  })));
  return { ceiling, results: results.map((one) => ({ host: host.name, build, ...one })), lines };
}

/** One workload: both builds of ours and every peer that is here, in turn. */
async function benchWorkload(host, workload, ceilings, patience, say) {
  const labs = [], ours = [], peers = [];
  try {
    for (const build of BUILDS) {
      labs.push(await host.createLab({ build }));
      ours.push(openOurs(labs.at(-1), workload));
    }
    const checked = workload.checked ?? 5, reference = workload.kind === 'train' ? REFERENCES[workload.model](ours[0].setting) : null;
    for (const name of Object.keys(workload.peers)) {
      const peer = await PEERS[name](host, { workload, ours: ours[0], reference, checked });
      if (peer) peers.push(peer);
      else say(`  ${workload.title}: ${name} is not here`);
    }
    await (workload.kind === 'decode' ? samePixels : sameLosses)(ours, peers, checked);
    const times = await alternate([...ours, ...peers], patience);
    return BUILDS.flatMap((build) => peers.map(({ name, about = name }) => {
      const gain = ratio(times[name], times[build]), target = workload.peers[name][build];
      return {
        id: workload.id, title: workload.title, host: host.name, build, peer: name, about, unit: '×', value: gain.median, target, met: gain.median >= target,
        ours: times[build], theirs: times[name], ratio: gain, share: workload.flops / times[build].median / 1e6 / ceilings[build],
      };
    }));
  } finally {
    for (const one of [...ours, ...peers]) await one.close();
    for (const lab of labs) lab.free();
  }
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
async function samePixels(ours, peers) {
  for (const peer of peers) {
    const theirs = await peer.pixels();
    for (const one of ours) {
      const worst = one.pixels().reduce((most, pixel, i) => Math.max(most, Math.abs(pixel - theirs[i])), 0);
      if (!(worst <= SAME_PIXEL)) throw new Error(`not the same work: a pixel of ${peer.name} differs from ours (${one.name}) by ${worst}`);
    }
  }
}
