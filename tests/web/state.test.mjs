// What a link holds, for every model of the catalogue: round trips, clamping, and what is not understood.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLab } from '../../wasm/genplay.mjs';
import {
  canDo, clampValue, createStore, firstExperiment, formatLink, LINK_POINTS, locked, misfit, OWN_POINTS, parseLink, partShown, readPoints, rowDefault, snap, writePoints,
} from '../../web/state.mjs';

const lab = await createLab();
const catalogue = {
  models: lab.models, lessons: lab.lessons, datasets: lab.datasets, elsewhere: [{ id: 'there', title: 'THERE', kind: 'image', shape: [] }],
  weights: { small: { file: 'small.safetensors', model: lab.models[0].id, data: lab.datasets[0].id, seed: 5 } },
};
const kinds = { points: lab.datasets.find(({ kind }) => kind === 'points').id, image: lab.datasets.find(({ kind }) => kind === 'image').id };

/** Another value than the default, inside the range. */
function other(row, kind) {
  const standard = rowDefault(row, kind);
  if (row.type === 'boolean') return !standard;
  if (row.type === 'choice') return row.choices.find((choice) => choice !== standard) ?? standard;
  const middle = clampValue(row, (row.min + Math.min(row.max, 1e4)) / 3);
  return middle === standard ? row.max : middle;
}

for (const lesson of lab.lessons) {
  test(`a link to the lesson ${lesson.id} gives back its options, and nothing of a model`, () => {
    const options = Object.fromEntries(lesson.options.map((row) => [row.key, other(row, 'points')]));
    const experiment = { ...firstExperiment(catalogue), weights: null, lesson: lesson.id, view: null, options, embed: true, lock: ['seed'] }, link = formatLink(experiment);
    assert.deepEqual(parseLink(link, catalogue), { experiment, notes: [], problem: null });
    assert.doesNotMatch(link, /model|data|weights|view/);
    assert.ok(['knobs', 'measures', 'legend'].every((part) => partShown(experiment, part)) && !partShown(experiment, 'about') && !partShown({ ...experiment, hide: ['knobs'] }, 'knobs'));
    assert.deepEqual(parseLink(`${link}&model=x&k.rate=1`, catalogue).notes.map(({ names }) => names), ['model, k.rate']);
    assert.equal(parseLink('lesson=none', catalogue).problem.key, 'link.lesson');
  });
}

for (const model of lab.models) {
  for (const kind of model.data) {
    test(`a link to ${model.id} on ${kind} gives back every knob, the view and its options`, () => {
      for (const view of model.views) {
        const experiment = {
          ...firstExperiment(catalogue), weights: null, model: model.id, data: kinds[kind], seed: 4294967295, view: view.id,
          params: Object.fromEntries(model.params.map((row) => [row.key, other(row, kind)]).filter(([key, value]) => value !== rowDefault(model.params.find((row) => row.key === key), kind))),
          options: Object.fromEntries(view.options.map((row) => [row.key, other(row, kind)]).filter(([key, value]) => value !== rowDefault(view.options.find((row) => row.key === key), kind))),
        };
        const { experiment: read, notes, problem } = parseLink(formatLink(experiment), catalogue);
        assert.deepEqual(read, experiment);
        assert.deepEqual([notes, problem], [[], null]);
      }
    });

    test(`a link to ${model.id} on ${kind} says nothing of knobs that stand at their defaults`, () => {
      const text = formatLink({ ...firstExperiment(catalogue), weights: null, model: model.id, data: kinds[kind], view: model.views[0].id });
      assert.doesNotMatch(text, /k\.|o\./);
      const spelled = `${text}&${model.params.map((row) => `k.${row.key}=${rowDefault(row, kind)}`).join('&')}`;
      assert.equal(formatLink(parseLink(spelled, catalogue).experiment), text);
    });

    test(`numbers beyond the range of ${model.id} on ${kind} are clamped, and the visitor is told`, () => {
      for (const row of model.params.filter(({ type }) => type === 'number' || type === 'integer')) {
        for (const [text, end] of [['-1e30', row.min], ['1e30', row.max]]) {
          const { experiment, notes, problem } = parseLink(`model=${model.id}&data=${kinds[kind]}&k.${row.key}=${text}`, catalogue);
          assert.equal(experiment.params[row.key] ?? rowDefault(row, kind), end);
          assert.deepEqual(notes.map(({ key }) => key), ['link.clamped']);
          assert.equal(problem, null);
        }
      }
    });
  }
}

test('without a link the first pretrained weights open, and without those the first model', () => {
  assert.equal(parseLink('', catalogue).experiment.weights, 'small');
  assert.equal(parseLink('', catalogue).experiment.seed, 5);
  const { experiment } = parseLink('', { ...catalogue, weights: {} });
  assert.deepEqual([experiment.weights, experiment.model, experiment.seed], [null, lab.models[0].id, 1]);
});

test('a link to pretrained weights holds them instead of model, data and seed, and the knobs that are changed on top', () => {
  const row = lab.models[0].params.find(({ live, type }) => live && type === 'number');
  const experiment = { ...parseLink('weights=small', catalogue).experiment, params: { [row.key]: rowDefault(row, 'points') } };
  const text = formatLink(experiment);
  assert.doesNotMatch(text, /model=|data=|seed=/);
  assert.deepEqual(parseLink(text, catalogue).experiment, experiment);
});

test('what a link says and the page does not know is ignored with one note that names it', () => {
  const { notes, problem } = parseLink(`model=${lab.models[0].id}&data=${kinds.points}&k.nonsense=1&colour=red`, catalogue);
  assert.deepEqual(notes, [{ key: 'link.ignored', names: 'k.nonsense, colour' }]);
  assert.equal(problem, null);
});

test('a link of another version is read as far as it goes, and the visitor is told', () => {
  const { experiment, notes } = parseLink(`v=99&model=${lab.models[0].id}&data=${kinds.points}&seed=3`, catalogue);
  assert.equal(experiment.seed, 3);
  assert.deepEqual(notes, [{ key: 'link.version', version: '99' }]);
});

test('values that are no values leave the default, with a note', () => {
  const number = lab.models[0].params.find(({ type }) => type === 'number' || type === 'integer');
  for (const text of ['', 'many', 'NaN', 'Infinity', '0x']) {
    const { experiment, notes } = parseLink(`model=${lab.models[0].id}&data=${kinds.points}&k.${number.key}=${text}`, catalogue);
    assert.deepEqual([experiment.params, notes.map(({ key }) => key)], [{}, ['link.value']], text);
  }
});

test('a seed outside 32 bits is clamped, a fraction rounded', () => {
  const seed = (text) => parseLink(`model=${lab.models[0].id}&data=${kinds.points}&seed=${text}`, catalogue).experiment.seed;
  assert.deepEqual(['-4', '4294967296', '2.6', 'x'].map(seed), [0, 4294967295, 3, 1]);
});

test('a model, a data set or weights that are not here are a problem, and nothing else takes their place', () => {
  const problem = (text) => parseLink(text, catalogue).problem?.key;
  assert.equal(problem('model=nobody'), 'link.model');
  assert.equal(problem(`model=${lab.models[0].id}&data=nowhere`), 'link.data');
  assert.equal(parseLink(`model=${lab.models[0].id}&data=nowhere`, catalogue).experiment.data, 'nowhere');
  assert.equal(problem('weights=gone'), 'link.weights');
  assert.equal(problem(`model=${lab.models[0].id}&data=own`), 'link.own');
  assert.equal(problem(`model=${lab.models[0].id}&data=there`), undefined);
});

test('a model that is told classes fits data that have some or may have, and a link that joins it with others is a problem', () => {
  const model = lab.models.find((one) => canDo(one, 'points').includes('label')), other = lab.models.find((one) => one.data.includes('points') && !canDo(one, 'points').includes('label'));
  assert.deepEqual([{ classes: 0 }, { classes: 2 }, {}].map((data) => misfit(model, { kind: 'points', ...data })), ['classes', null, null]);
  assert.equal(misfit(other, { kind: 'points', classes: 0 }), null);
  assert.equal(misfit({ ...model, data: ['image'] }, { kind: 'points', classes: 0 }), 'kind');
  const points = writePoints({ exact: false, data: Float32Array.of(0, 1) });
  assert.equal(parseLink(`model=${model.id}&points=${points}`, catalogue).problem?.key, 'link.classes');
  assert.equal(parseLink(`model=${other.id}&points=${points}`, catalogue).problem, null);
  assert.equal(parseLink(`model=${model.id}&data=there`, catalogue).problem, null);
});

test('drawn points come back from a link exactly, up to the number that a link may carry', () => {
  for (const n of [1, 2, 3, 250, LINK_POINTS.drawn]) {
    const data = Float32Array.from({ length: 2 * n }, (_, i) => snap(4.2 * Math.sin(i * i)));
    const experiment = { ...firstExperiment(catalogue), weights: null, data: OWN_POINTS, points: { exact: false, data } };
    const { experiment: read, problem } = parseLink(formatLink(experiment), catalogue);
    assert.equal(problem, null);
    assert.deepEqual(read, experiment);
  }
  const many = { exact: false, data: new Float32Array(2 * LINK_POINTS.drawn + 2) };
  assert.equal(writePoints(many), null);
  assert.doesNotMatch(formatLink({ ...firstExperiment(catalogue), weights: null, data: OWN_POINTS, points: many }), /points=/);
});

test('points of a file come back from a link to the last bit', () => {
  const data = Float32Array.from([1e-30, -1e30, Math.PI, 0, -0, 123456.789]);
  assert.deepEqual(readPoints(writePoints({ exact: true, data })), { exact: true, data });
});

test('damaged points are a problem', () => {
  for (const text of ['', 'g', 'gA', 'x123', 'gAAA', 'f____AAAA', 'g!!!!', 'fAADAfwAAgD8'])
    assert.equal(parseLink(`model=${lab.models[0].id}&points=${text}`, catalogue).problem?.key, 'link.points', text);
});

test('a link carries the choice of speed, and no other than there is', () => {
  const start = `model=${lab.models[0].id}&data=${kinds.points}`;
  for (const fast of ['threads', 'relaxed']) {
    const { experiment, notes } = parseLink(`${start}&fast=${fast}`, catalogue);
    assert.deepEqual([experiment.fast, notes], [fast, []]);
    assert.match(formatLink(experiment), new RegExp(`&fast=${fast}`));
  }
  const { experiment, notes } = parseLink(`${start}&fast=very`, catalogue);
  assert.deepEqual([experiment.fast, notes.map(({ key }) => key)], ['', ['link.value']]);
  assert.doesNotMatch(formatLink(experiment), /fast/);
});

test('a bare figure shows what it needs, less what the link hides and more what it shows', () => {
  const { experiment } = parseLink(`model=${lab.models[0].id}&data=${kinds.points}&embed=1&hide=views&show=loss,knobs&lock=rate`, catalogue);
  assert.deepEqual(['transport', 'views', 'loss', 'about'].map((part) => partShown(experiment, part)), [true, false, true, false]);
  assert.deepEqual(['rate', 'batch'].map((key) => locked(experiment, key)), [true, false]);
  assert.deepEqual(parseLink(formatLink(experiment), catalogue).experiment, experiment);
});

test('the store tells every listener once for each change, with the new state', () => {
  const store = createStore({ a: 1, b: 2 }), heard = [];
  const stop = store.subscribe((state, patch) => heard.push([state.a, patch]));
  store.set({ a: 3 });
  stop();
  store.set({ a: 4 });
  assert.deepEqual(heard, [[3, { a: 3 }]]);
  assert.deepEqual(store.get(), { a: 4, b: 2 });
});
