import { escapeHtml } from "../../../report/markdown.ts";
import { printableLine } from "../../../report/text.ts";
import { plural } from "../../../report/words.ts";
import { formatBytes } from "../../../util/bytes.ts";
import type { Analysis } from "../../analysis.ts";
import { contentOf, savingsOf } from "../overview.ts";
import { htmlDocument } from "./document.ts";
import { makePicture, packPicture } from "./make-picture.ts";
import { pageSource } from "./page-source.ts";
import { sections } from "./sections.ts";

/** One page with a map to look around in; it reads without JavaScript, too, but for the map. */
export async function htmlReport(analysis: Analysis): Promise<string> {
  const { script, style } = await pageSource();
  const picture = makePicture(analysis);
  const title = escapeHtml(printableLine(analysis.image.name));
  return htmlDocument({
    title: `${title}: where its bytes are`,
    style,
    script,
    body: `${header(analysis, title)}
${explorer(picture.floor)}
${sections(analysis)}
<footer>Made by <code>ddiff analyze</code>. Sizes are of content, each hard link once; 1 MB is 1,000,000 bytes.</footer>
<script type="application/octet-stream" id="picture">${packPicture(picture)}</script>`,
  });
}

function header(analysis: Analysis, title: string): string {
  const { image, sizes, findings, layers, files } = analysis;
  const { safe, check, risky } = savingsOf(findings);
  const cards: [string, number, string][] = [
    ["all files", contentOf(sizes), ""],
    ["packed", sizes.packed, ""],
    ["could go safely", safe, "safe"],
    ["with a check", check, "check"],
    ["at a risk", risky, "risky"],
    ["no container sees", sizes.hidden, "hidden"],
  ];
  const shown = cards.filter(([, bytes], i) => i < 2 || bytes > 0);
  return `<header>
<h1>${title} <small>${escapeHtml(image.platform)}</small></h1>
<p>${plural(layers.length, "layer")}, ${plural(files.length, "file")}, manifest <code>${image.manifest}</code></p>
<dl>${shown.map(([name, bytes, kind]) => `<div class="${kind}"><dt>${name}</dt><dd>${formatBytes(bytes)}</dd></div>`).join("")}</dl>
</header>`;
}

/** What the script fills. */
function explorer(floor: number): string {
  const cuts = [
    ["path", "Folders"],
    ["layer", "Layers"],
    ["package", "Packages"],
    ["class", "Classes"],
  ];
  const radios = cuts.map(
    ([cut, word]) =>
      `<label><input type="radio" name="cut" id="cut-${cut}"${cut === "path" ? " checked" : ""}><span>${word}</span></label>`,
  );
  const folded =
    floor === 0
      ? ""
      : ` Files under ${formatBytes(floor)} are drawn together; a search finds them by folder, package and class.`;
  return `<main id="explorer" hidden>
<div class="tools">
<fieldset><legend>Cut by</legend>${radios.join("")}</fieldset>
<label class="field">Show <select id="risk"><option value="">everything</option><option value="safe">what could go safely</option><option value="check">what could go with a check</option><option value="risky">what could go at a risk</option><option value="hidden">what no container sees</option></select></label>
<label class="field grow">Search <input type="search" id="search" placeholder="path, package or class" autocomplete="off" spellcheck="false"></label>
</div>
<nav aria-label="Where you are"><ol id="crumbs"></ol><output id="total"></output></nav>
<div class="panes">
<div class="picture"><div id="map" role="tree" aria-label="Map of the image"></div><p id="nothing" hidden>Nothing is so named.</p></div>
<div class="list"><table><caption>What is here</caption><thead><tr><th>Name</th><th>Size</th><th>Part</th><th>Files</th></tr></thead><tbody id="rows"></tbody></table></div>
</div>
<p id="detail" aria-live="polite"></p>
<p class="legend"><span class="safe">could go safely</span> <span class="check">with a check</span> <span class="risky">at a risk</span> <span class="hidden">no container sees it</span></p>
<p class="help"><kbd>1</kbd>–<kbd>4</kbd> cut, <kbd>/</kbd> search, arrows move, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> goes up.${folded}</p>
</main>
<p id="unscripted">The map needs JavaScript; the tables below do not.</p>`;
}
