import { cp } from "node:fs/promises";
import { join } from "node:path";
import { baseNames, context } from "./base-images.ts";
import type { Engine } from "./engine.ts";

/** Makes a channel as conda-forge is one: of Debian's Python, and of packages of PyPI that are Python alone. Answers its folder. */
export async function makeChannel(engine: Engine): Promise<string> {
  const folder = await context(engine, "conda", [
    `FROM ${baseNames.python} AS made`,
    "RUN apt-get update -q && apt-get install -q -y --no-install-recommends patchelf",
    "RUN pip download -q --no-deps --dest /wheels humanize==4.12.3",
    "COPY pack.py /tmp/",
    "RUN python3 /tmp/pack.py /wheels /made",
    "FROM scratch",
    "COPY --from=made /made /",
  ]);
  await cp(join(import.meta.dirname, "conda", "pack.py"), join(folder, "pack.py"));
  const made = join(folder, "made");
  await engine.build(folder, "-q", "--output", `type=local,dest=${made}`);
  return made;
}
