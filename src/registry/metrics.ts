import type { Answer } from "./registry.ts";

/** Numbers for Prometheus. */
export interface Metrics {
  request(answer: Answer): void;
  /** A connection was let go, or a request refused, before the registry saw it: `rate`, `slow`. */
  refused(why: "rate" | "slow"): void;
  collected(result: { blobs: number; bytes: number; seconds: number; failed: boolean }): void;
  /** The page, and what it is. */
  page(): Promise<{ text: string; type: string }>;
}

/** What is true now, asked for when the page is. */
export interface Gauges {
  connections(): number;
  requests(): number;
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

/** Metrics in a registry of their own, with those of the process. Few series: routes and methods, never names. */
export async function makeMetrics(gauges: Gauges): Promise<Metrics> {
  // By its default: once bundled, a CommonJS module has no other name.
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = (await import("prom-client"))
    .default;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "ddiff_requests_total",
    help: "Requests that were answered.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const seconds = new Histogram({
    name: "ddiff_request_seconds",
    help: "Time from a request's headers to the end of its answer.",
    labelNames: ["method", "route"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers,
  });
  const received = new Counter({
    name: "ddiff_received_bytes_total",
    help: "Bytes of the bodies of requests.",
    registers,
  });
  const sent = new Counter({
    name: "ddiff_sent_bytes_total",
    help: "Bytes of the bodies of answers.",
    registers,
  });
  const refused = new Counter({
    name: "ddiff_refused_total",
    help: "Requests and connections that a limit ended.",
    labelNames: ["why"],
    registers,
  });
  const connections = new Gauge({ name: "ddiff_connections", help: "Connections that are open.", registers });
  const running = new Gauge({
    name: "ddiff_requests_running",
    help: "Requests that are being answered.",
    registers,
  });
  const collections = new Counter({
    name: "ddiff_gc_runs_total",
    help: "Collections of garbage.",
    labelNames: ["result"],
    registers,
  });
  const collected = new Counter({
    name: "ddiff_gc_blobs_total",
    help: "Blobs that were cleared away.",
    registers,
  });
  const freed = new Counter({
    name: "ddiff_gc_bytes_total",
    help: "Bytes that were cleared away.",
    registers,
  });
  const collecting = new Gauge({
    name: "ddiff_gc_seconds",
    help: "How long the last collection took.",
    registers,
  });
  return {
    request(answer) {
      const method = methods.has(answer.method) ? answer.method : "other";
      requests.inc({ method, route: answer.route, status: answer.status });
      seconds.observe({ method, route: answer.route }, answer.seconds);
      received.inc(answer.received);
      sent.inc(answer.sent);
    },
    refused: (why) => refused.inc({ why }),
    collected(result) {
      collections.inc({ result: result.failed ? "failed" : "done" });
      collected.inc(result.blobs);
      freed.inc(result.bytes);
      collecting.set(result.seconds);
    },
    async page() {
      connections.set(gauges.connections());
      running.set(gauges.requests());
      return { text: await registry.metrics(), type: registry.contentType };
    },
  };
}
