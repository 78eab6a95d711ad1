// chromium.mjs -- headless Chromium as a host of the bench: worker.mjs does the work, this starts it.
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from '../../../wasm/serve.mjs';
import { benchStart } from '../start.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A browser, and the project on localhost, for the length of `body`. */
export async function withBrowser(body) {
  const server = await serve(ROOT);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    return await body(browser, server.url);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** @param {import('../suite.mjs').Options} options */
export const benchInChromium = ({ say, ...options }) => withBrowser(async (browser, url) => {
  const page = await browser.newPage();
  await page.exposeFunction('say', say);
  await page.goto(`${url}tests/bench/hosts/page.html`);
  await page.waitForFunction(() => 'bench' in window);
  const { rows, ...results } = await page.evaluate((wanted) => /** @type {any} */ (window).bench(wanted), options);
  return { name: 'Chromium', version: browser.version(), ...results, rows: [...rows, ...await benchStart(browser, url, options, say)] };
});
