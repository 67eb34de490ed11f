import type { Dockerfile, Stage } from "../../dockerfile/document.ts";

const kept = new WeakMap<Dockerfile, ReadonlySet<Stage>>();

/**
 * The stages whose layers are in the image: the last one and those that it stands on. What only lends files by `COPY --from` leaves its
 * own waste behind. A stage that nothing uses is somebody's `--target`, so its layers ship too.
 */
export function shippedStages(file: Dockerfile): ReadonlySet<Stage> {
  let shipped = kept.get(file);
  if (shipped === undefined) {
    shipped = new Set(find(file));
    kept.set(file, shipped);
  }
  return shipped;
}

function* find(file: Dockerfile): Generator<Stage> {
  const used = new Set(file.stages.flatMap((stage) => stage.uses));
  for (const end of file.stages) {
    if (used.has(end)) continue;
    yield end;
    let stage = end;
    while (stage.base.kind === "stage") {
      stage = stage.base.stage;
      yield stage;
    }
  }
}
