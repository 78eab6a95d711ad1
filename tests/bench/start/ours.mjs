// ours.mjs -- a page that opens a lab and takes one training step of a VAE on points.
import { createLab } from '../../../wasm/genplay.mjs';
import { BATCH, HIDDEN } from './model.mjs';

const lab = await createLab();
const run = lab.create({ model: 'vae', data: 'moons', params: { batch: BATCH, hidden: HIDDEN, layers: 2, latent: 2 } });
const { losses } = run.train(1);
window.started = { ms: performance.now(), loss: losses.loss };
