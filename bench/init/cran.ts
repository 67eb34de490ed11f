import { join } from "node:path";
import { baseNames, context } from "./base-images.ts";
import type { Engine } from "./engine.ts";

/** The packages of CRAN that samples ask for, by their name in Debian, whose sources are the archives of CRAN. */
const packages = [
  "r-cran-glue",
  "r-cran-jsonlite",
  "r-cran-magrittr",
  "r-cran-r6",
  "r-cran-remotes",
  "r-cran-renv",
];

/** Makes a repository as CRAN is one, of what Debian has the sources of; answers its folder. */
export async function makeCran(engine: Engine): Promise<string> {
  const folder = await context(engine, "cran", [
    `FROM ${baseNames.r} AS made`,
    "WORKDIR /tmp/sources",
    [
      "RUN sed 's/^deb /deb-src /' /etc/apt/sources.list > /etc/apt/sources.list.d/sources.list",
      "apt-get update -q",
      `apt-get source -q --download-only --tar-only ${packages.join(" ")}`,
    ].join(" && \\\n    "),
    // Debian's archives have folders and names of their own.
    [
      "RUN mkdir -p /made/src/contrib && for archive in *.orig.tar.*; do",
      "      mkdir one && tar -xf $archive -C one --strip-components=1;",
      "      name=$(sed -n 's/^Package: *//p' one/DESCRIPTION); version=$(sed -n 's/^Version: *//p' one/DESCRIPTION);",
      '      mv one "$name" && tar -czf "/made/src/contrib/${name}_$version.tar.gz" "$name" && rm -r "$name" || exit 1;',
      "    done",
    ].join(" \\\n"),
    `RUN Rscript -e 'tools::write_PACKAGES("/made/src/contrib", type = "source")'`,
    "FROM scratch",
    "COPY --from=made /made /",
  ]);
  const made = join(folder, "made");
  await engine.build(folder, "-q", "--output", `type=local,dest=${made}`);
  return made;
}
