// reference.mjs -- what a reference model is: a run's training step written again for tfjs, from the run's own weights, batches and noise.
import { ddpm } from './ddpm.mjs';
import { gan } from './gan.mjs';
import { vae } from './vae.mjs';

/** @typedef {{ data: Float32Array, shape: number[] }} Tensor */

/**
 * One optimizer step within a training step.
 * @typedef {object} Update
 * @property {string} loss  as the run names it
 * @property {(name: string) => boolean} learns  whether that tensor does
 * @property {(step: number) => number} rate  learning rate
 * @property {(step: number) => Record<string, Tensor>} draw  batch and noise of a training step
 * @property {(tf: any, weights: Record<string, any>, inputs: Record<string, any>) => any} value  what it lowers
 */

/** @typedef {{ adam: { beta1: number, beta2: number, clip?: number }, updates: Update[] }} Reference */
/** @typedef {{ seed: number, params: Record<string, any>, set: Tensor }} Setting  a run's seed and parameters, and the rows that it learns */
/** @typedef {(setting: Setting) => Reference} Referee */

/** @type {Record<string, Referee>} by the model's id */
export const REFERENCES = { vae, gan, ddpm };
