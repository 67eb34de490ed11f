import { formatBytes } from "../../../../util/bytes.ts";
import { printableLine } from "../../../../report/text.ts";
import { plural } from "../../../../report/words.ts";
import { largestLeaves, makeFilter } from "./filter.ts";
import { fillTable, type Row } from "./list.ts";
import { loadPicture } from "./load.ts";
import { TreeMap } from "./map.ts";
import { folderPath, type Picture } from "./picture.ts";
import { type Area, areaFacts, areaPath, type Cut, cutTree } from "./tree.ts";

const cuts: readonly Cut[] = ["path", "layer", "package", "class"];
/** Files that a search lists. */
const mostFound = 250;

/** The part of the page that moves: what is shown, and everything that changes it. */
class Explorer {
  readonly #picture: Picture;
  readonly #filter: ReturnType<typeof makeFilter>;
  readonly #map: TreeMap;
  readonly #search = element("search", HTMLInputElement);
  readonly #risk = element("risk", HTMLSelectElement);
  readonly #rows = element("rows", HTMLElement);
  readonly #crumbs = element("crumbs", HTMLElement);
  readonly #detail = element("detail", HTMLElement);
  #cut: Cut = "path";
  #tree: Area;
  #at: Area;
  /** The address that is shown; undefined where the picture has changed since. */
  #address: string | undefined;

  constructor(picture: Picture) {
    this.#picture = picture;
    this.#filter = makeFilter(picture);
    this.#map = new TreeMap(element("map", HTMLElement), {
      zoom: (area) => this.#open(area),
      zoomOut: () => this.#zoomOut(),
      point: (area) => this.#describe(area),
    });
    this.#at = this.#tree = this.#plant();
  }

  /** Shows what the address says, and listens from then on. */
  start(): void {
    for (const cut of cuts)
      element(`cut-${cut}`, HTMLInputElement).addEventListener("change", () => this.#turn(cut));
    this.#search.addEventListener("input", () => this.#refilter());
    this.#risk.addEventListener("change", () => this.#refilter());
    addEventListener("hashchange", () => this.#follow());
    addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#map.draw(this.#at, false)).observe(element("map", HTMLElement));
    this.#follow();
  }

  /** Keys that hold on the whole page. */
  #onKey(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (typing && event.key === "Escape") {
      this.#search.value = "";
      this.#refilter();
      element("map", HTMLElement).querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    }
    if (typing || event.altKey || event.ctrlKey || event.metaKey) return;
    const cut = cuts[Number(event.key) - 1];
    if (cut !== undefined) this.#turn(cut);
    else if (event.key === "/") this.#search.focus();
    else return;
    event.preventDefault();
  }

  #plant(): Area {
    return cutTree(this.#picture, this.#cut, this.#wanted());
  }

  #wanted(): (leaf: number) => boolean {
    return this.#filter({ words: this.#search.value, risk: this.#risk.value });
  }

  #turn(cut: Cut): void {
    this.#go(cut);
  }

  /** Shows a place at once, for the browser tells of a new address only after the keys that were pressed by then. */
  #go(address: string): void {
    location.hash = address;
    this.#follow();
  }

  /** The same place again, as far as the new picture has it. */
  #refilter(): void {
    const names: string[] = [];
    for (let area: Area | undefined = this.#at; area?.parent !== undefined; area = area.parent)
      names.unshift(area.name);
    this.#address = undefined;
    this.#at = this.#tree = this.#plant();
    for (const name of names) {
      const next = this.#at.children.find((one) => one.name === name && one.leaf === -1);
      if (next === undefined) break;
      this.#at = next;
    }
    this.#show(false);
  }

  #open(area: Area): void {
    // A file has nothing in it: the folder around it is opened.
    let target = area.leaf === -1 ? area : area.parent;
    if (target === undefined || target === this.#at) return;
    const places: number[] = [];
    for (; target?.parent !== undefined; target = target.parent)
      places.unshift(target.parent.children.indexOf(target));
    this.#go([this.#cut, ...places].join("."));
  }

  #zoomOut(): void {
    if (this.#at.parent !== undefined) this.#open(this.#at.parent);
  }

  /** Shows what the address says: the cut, and the way down by the places of areas in their parents. */
  #follow(): void {
    if (location.hash === this.#address) return;
    this.#address = location.hash;
    const [word, ...places] = location.hash.slice(1).split(".");
    const cut = cuts.find((one) => one === word) ?? "path";
    const zooming = cut === this.#cut;
    if (!zooming) {
      this.#cut = cut;
      this.#tree = this.#plant();
    }
    this.#at = this.#tree;
    for (const place of places) this.#at = this.#at.children[Number(place)] ?? this.#at;
    this.#show(zooming);
  }

  #show(zooming: boolean): void {
    element(`cut-${this.#cut}`, HTMLInputElement).checked = true;
    this.#map.draw(this.#at, zooming);
    this.#showCrumbs();
    const words = this.#search.value.trim();
    fillTable(this.#rows, words === "" ? this.#childRows() : this.#foundRows(), this.#at.bytes);
    const total = `${formatBytes(this.#at.bytes)} in ${plural(this.#at.files, "file")}`;
    element("total", HTMLElement).textContent = total;
    element("nothing", HTMLElement).hidden = this.#at.bytes > 0;
    this.#describe(undefined);
  }

  #showCrumbs(): void {
    const areas: Area[] = [];
    for (let area: Area | undefined = this.#at; area !== undefined; area = area.parent) areas.unshift(area);
    this.#crumbs.replaceChildren(
      ...areas.map((area, i) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = i === 0 ? "image" : printableLine(area.name);
        if (area === this.#at) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => this.#open(area));
        item.append(button);
        return item;
      }),
    );
  }

  #childRows(): Row[] {
    return this.#at.children.map((area) => ({
      name: area.leaf === -1 && !area.group ? `${area.name}/` : area.name,
      folder: "",
      bytes: area.bytes,
      files: area.files,
      hue: area.hue,
      open: area.leaf === -1 ? () => this.#open(area) : undefined,
      point: (on) => this.#point(on ? area : undefined),
    }));
  }

  /** What a search found at this place, file by file. */
  #foundRows(): Row[] {
    const byLeaf = new Map<number, Area>();
    const gather = (area: Area): void => {
      if (area.leaf !== -1) byLeaf.set(area.leaf, area);
      for (const one of area.children) gather(one);
    };
    gather(this.#at);
    return largestLeaves(this.#picture, (leaf) => byLeaf.has(leaf), mostFound).map((leaf) => {
      const area = byLeaf.get(leaf) ?? this.#at;
      return {
        name: area.name,
        folder: `${folderPath(this.#picture, this.#picture.leaves.folder[leaf] ?? 0)}/`,
        bytes: area.bytes,
        files: area.files,
        hue: area.hue,
        open: () => this.#open(area),
        point: (on) => this.#point(on ? area : undefined),
      };
    });
  }

  #point(area: Area | undefined): void {
    this.#map.mark(area);
    this.#describe(area);
  }

  /** One line about what is pointed at. */
  #describe(area: Area | undefined): void {
    if (area === undefined) {
      this.#detail.textContent = "Point at a box, or move with the arrows, to see what it is.";
      return;
    }
    const bold = document.createElement("b");
    bold.textContent = printableLine(areaPath(this.#picture, area));
    const facts = [
      `${formatBytes(area.bytes)} in ${plural(area.files, "file")}`,
      ...areaFacts(this.#picture, area),
    ];
    this.#detail.replaceChildren(bold, ` ${printableLine(facts.join(" · "))}`);
  }
}

function element<Kind extends HTMLElement>(id: string, kind: abstract new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

element("unscripted", HTMLElement).hidden = true;
element("explorer", HTMLElement).hidden = false;
new Explorer(await loadPicture(element("picture", HTMLScriptElement).textContent)).start();
