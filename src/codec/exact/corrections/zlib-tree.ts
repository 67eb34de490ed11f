/** A symbol more than the largest alphabet has, and the nodes above them. */
const mostSymbols = 288;
const mostNodes = 2 * mostSymbols + 1;

const weight = new Int32Array(mostNodes);
const depth = new Uint8Array(mostNodes);
const parent = new Int16Array(mostNodes);
const level = new Uint8Array(mostNodes);
/** A heap of nodes from 1 on; then, from its end down, the nodes in the order in which they were joined. */
const heap = new Int16Array(mostNodes + 1);
const perLength = new Int32Array(17);

/**
 * The code lengths that zlib and GNU gzip choose for symbols that occur so often: Huffman's method with a heap, what is too long shortened
 * afterwards. At least two symbols get a length, the first ones if need be.
 */
export function zlibCodeLengths(counts: Int32Array, maxBits: number, lengths: Uint8Array): void {
  const symbols = lengths.length;
  let size = 0;
  for (let i = 0; i < symbols; i++) {
    lengths[i] = 0;
    weight[i] = counts[i]!;
    depth[i] = 0;
    if (counts[i] !== 0) heap[++size] = i;
  }
  let highest = size > 0 ? heap[size]! : -1;
  while (size < 2) {
    const forced = highest < 2 ? ++highest : 0;
    heap[++size] = forced;
    weight[forced] = 1;
    depth[forced] = 0;
  }
  for (let i = size >> 1; i >= 1; i--) sink(i, size);
  let node = symbols;
  let sorted = mostNodes;
  do {
    const first = heap[1]!;
    heap[1] = heap[size--]!;
    sink(1, size);
    const second = heap[1];
    heap[--sorted] = first;
    heap[--sorted] = second;
    weight[node] = weight[first]! + weight[second]!;
    depth[node] = Math.max(depth[first]!, depth[second]!) + 1;
    parent[first] = node;
    parent[second] = node;
    heap[1] = node++;
    sink(1, size);
  } while (size >= 2);
  heap[--sorted] = heap[1]!;
  limitLengths(sorted, symbols, maxBits, lengths);
}

/** Gives each symbol its depth; where that is too much, moves others down until all have room. */
function limitLengths(root: number, symbols: number, maxBits: number, lengths: Uint8Array): void {
  perLength.fill(0);
  level[heap[root]!] = 0;
  let excess = 0;
  for (let i = root + 1; i < mostNodes; i++) {
    const node = heap[i]!;
    let bits = level[parent[node]!]! + 1;
    if (bits > maxBits) {
      bits = maxBits;
      excess++;
    }
    level[node] = bits;
    if (node >= symbols) continue;
    perLength[bits]!++;
    lengths[node] = bits;
  }
  if (excess === 0) return;
  do {
    let bits = maxBits - 1;
    while (perLength[bits] === 0) bits--;
    perLength[bits]!--;
    perLength[bits + 1]! += 2;
    perLength[maxBits]!--;
    excess -= 2;
  } while (excess > 0);
  let i = mostNodes;
  for (let bits = maxBits; bits > 0; bits--)
    for (let rest = perLength[bits]!; rest > 0; ) {
      const node = heap[--i]!;
      if (node >= symbols) continue;
      lengths[node] = bits;
      rest--;
    }
}

/** Whether a node comes before another: the lighter one, of the same weight the flatter one. */
function isLess(one: number, other: number): boolean {
  const difference = weight[one]! - weight[other]!;
  return difference < 0 || (difference === 0 && depth[one]! <= depth[other]!);
}

function sink(from: number, size: number): void {
  const node = heap[from]!;
  let at = from;
  for (let child = 2 * at; child <= size; child = 2 * at) {
    if (child < size && isLess(heap[child + 1]!, heap[child]!)) child++;
    if (isLess(node, heap[child]!)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = node;
}
