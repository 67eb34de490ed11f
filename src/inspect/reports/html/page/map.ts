import { formatBytes } from "../../../../util/bytes.ts";
import { printableLine } from "../../../../report/text.ts";
import { type Rect, squarify } from "./layout.ts";
import { type Area, marks } from "./tree.ts";

/** Pixels: the strip of a folder with its name, the frame around it, and what is too small for either. */
const strip = 18;
const frame = 2;
const smallestFolder = { width: 44, height: 36 };
const smallestLabel = { width: 46, height: 15 };
const secondLine = 34;
const besideName = 96;
const smallestBox = 2;
const smallestHatch = 15;

/** What the map asks of the page. */
interface MapEvents {
  zoom(area: Area): void;
  zoomOut(): void;
  /** Something is under the pointer or has the focus. */
  point(area: Area | undefined): void;
}

/** The treemap: boxes on a plane, all of them children of one element. */
export class TreeMap {
  readonly #plane: HTMLElement;
  readonly #events: MapEvents;
  readonly #areas = new WeakMap<Element, Area>();
  #boxes = new Map<Area, HTMLElement>();
  #root: Area | undefined;

  constructor(plane: HTMLElement, events: MapEvents) {
    this.#plane = plane;
    this.#events = events;
    plane.addEventListener("click", (event) => this.#onClick(event));
    plane.addEventListener("keydown", (event) => this.#onKey(event));
    plane.addEventListener("focusin", (event) => events.point(this.#areaOf(event.target)));
    plane.addEventListener("pointerover", (event) => events.point(this.#areaOf(event.target)));
    plane.addEventListener("pointerleave", () => events.point(undefined));
  }

  /** Draws what is in an area. `from` is where it stood before, when it was zoomed into. */
  draw(root: Area, zoomed: boolean): void {
    const before = zoomed ? this.#boxes.get(root)?.getBoundingClientRect() : undefined;
    const hadFocus = this.#plane.contains(document.activeElement);
    this.#root = root;
    this.#boxes = new Map();
    const { clientWidth: width, clientHeight: height } = this.#plane;
    const boxes = document.createDocumentFragment();
    this.#fill(root, { x: 0, y: 0, width, height }, 1, boxes);
    const layer = document.createElement("div");
    layer.className = "layer";
    layer.append(boxes);
    this.#plane.replaceChildren(layer);
    const [first] = this.#boxes.values();
    first?.setAttribute("tabindex", "0");
    if (hadFocus) first?.focus({ preventScroll: true });
    if (before !== undefined) this.#animate(layer, before);
  }

  /** Marks an area that is pointed at elsewhere. */
  mark(area: Area | undefined): void {
    for (const old of this.#plane.querySelectorAll(".marked")) old.classList.remove("marked");
    if (area !== undefined) this.#boxes.get(area)?.classList.add("marked");
  }

  #fill(area: Area, room: Rect, level: number, into: DocumentFragment): void {
    const rects = squarify(
      area.children.map((one) => one.bytes),
      room,
    );
    for (const [i, one] of area.children.entries()) {
      const rect = rects[i];
      if (rect === undefined || rect.width < smallestBox || rect.height < smallestBox) continue;
      const open =
        one.children.length > 0 && rect.width >= smallestFolder.width && rect.height >= smallestFolder.height;
      into.append(this.#box(one, rect, level, open));
      if (!open) continue;
      const inner = {
        x: rect.x + frame,
        y: rect.y + strip,
        width: rect.width - 2 * frame,
        height: rect.height - strip - frame,
      };
      this.#fill(one, inner, level + 1, into);
    }
  }

  #box(area: Area, rect: Rect, level: number, open: boolean): HTMLElement {
    const box = document.createElement("div");
    box.className = open ? "box open" : "box";
    if (area.leaf !== -1) box.classList.add("leaf");
    if (Math.min(rect.width, rect.height) < smallestHatch) box.classList.add("tiny");
    // A folder that is not drawn open is marked as most of it is.
    if (!open) box.classList.add(...marks.filter((mark) => area.waste[mark] > area.bytes / 2));
    const { style } = box;
    style.left = `${rect.x}px`;
    style.top = `${rect.y}px`;
    style.width = `${rect.width}px`;
    style.height = `${rect.height}px`;
    if (area.hue === undefined) box.classList.add("gray");
    else style.setProperty("--hue", area.hue.toFixed(0));
    style.setProperty("--level", String(Math.min(level, 6)));
    box.setAttribute("role", "treeitem");
    box.setAttribute("aria-level", String(level));
    box.setAttribute("tabindex", "-1");
    const name = printableLine(area.name);
    const size = formatBytes(area.bytes);
    box.setAttribute("aria-label", `${name}, ${size}`);
    if (rect.width >= smallestLabel.width && rect.height >= smallestLabel.height)
      box.append(labelOf(name, size, open ? { ...rect, height: strip } : rect));
    this.#areas.set(box, area);
    this.#boxes.set(area, box);
    return box;
  }

  /** Grows from where the area was to the whole plane. */
  #animate(layer: HTMLElement, from: DOMRect): void {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const plane = this.#plane.getBoundingClientRect();
    const move = `translate(${from.left - plane.left}px, ${from.top - plane.top}px)`;
    const scale = `scale(${from.width / plane.width}, ${from.height / plane.height})`;
    layer.animate(
      [
        { transform: `${move} ${scale}`, opacity: 0.4 },
        { transform: "none", opacity: 1 },
      ],
      {
        duration: 180,
        easing: "ease-out",
      },
    );
  }

  #areaOf(target: EventTarget | null): Area | undefined {
    const box = target instanceof Element ? target.closest(".box") : null;
    return box === null ? undefined : this.#areas.get(box);
  }

  #onClick(event: MouseEvent): void {
    const area = this.#areaOf(event.target);
    if (area !== undefined) this.#events.zoom(area);
  }

  #onKey(event: KeyboardEvent): void {
    const area = this.#areaOf(event.target);
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" || event.key === "Backspace") this.#events.zoomOut();
    else if (area === undefined) return;
    else if (event.key === "Enter" || event.key === " ") this.#events.zoom(area);
    else if (!this.#move(area, event.key)) return;
    event.preventDefault();
  }

  /** Moves the focus with the arrows: among siblings, in and out. */
  #move(area: Area, key: string): boolean {
    const siblings = (area.parent?.children ?? []).filter((one) => this.#boxes.has(one));
    const at = siblings.indexOf(area);
    const targets: Record<string, Area | undefined> = {
      ArrowRight: siblings[at + 1],
      ArrowLeft: siblings[at - 1],
      ArrowDown: area.children.find((one) => this.#boxes.has(one)),
      ArrowUp: area.parent === this.#root ? undefined : area.parent,
      Home: siblings[0],
      End: siblings.at(-1),
    };
    if (!(key in targets)) return false;
    const box = targets[key] === undefined ? undefined : this.#boxes.get(targets[key]);
    if (box === undefined) return true;
    this.#plane.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    box.setAttribute("tabindex", "0");
    box.focus({ preventScroll: true });
    return true;
  }
}

/** Name and size, beside each other where there is room, else below, else the name alone. */
function labelOf(name: string, size: string, { width, height }: Rect): HTMLElement {
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = name;
  if (width < besideName && height < secondLine) return label;
  const bytes = document.createElement("small");
  bytes.textContent = size;
  label.append(width < besideName ? document.createElement("br") : " ", bytes);
  return label;
}
