import { classes } from "./list.ts";

const head = `# Classes of files

What \`ddiff analyze\`, \`budget\` and \`slim\` know a file to be of, whoever owns it. \`npm run docs\` writes this page from
\`src/inspect/classes/list.ts\`; the rules by which a file gets its class stand beside it.

\`safe\`: nothing can need it. \`check\`: hardly anything needs it, and \`ddiff check\` before and after tells. \`risky\`: something may need it
that no check sees. In an image with a compiler, or with a package that compiles at run time (Triton, Numba, CuPy, Rcpp and others), headers,
static libraries and object files are \`risky\`; where R installs Debian packages at run time (bspm), the lists of apt are \`check\`.

What a symbolic link from elsewhere leads to is of no \`safe\` class, however much it looks like a cache: environments of uv, conda and renv
may be such links. A file of such a class that has another name outside of it, as conda's environments have by hard links, is not counted,
for nothing would be gained.

| class | what | risk | why it can go, and what that costs | in the Dockerfile |
|---|---|---|---|---|
`;

/** docs/file-classes.md. */
export function classesPage(): string {
  const rows = [...classes.values()].map(
    ({ name, title, risk, why, edit }) => `| \`${name}\` | ${title} | ${risk} | ${why} | ${edit} |`,
  );
  return `${head}${rows.join("\n")}\n`;
}
