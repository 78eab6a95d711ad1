// model.mjs -- sizes that both pages take.
export const BATCH = 128, HIDDEN = 64;
