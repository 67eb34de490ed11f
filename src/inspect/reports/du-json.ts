import { nameOf, type PlaceAccount } from "../du/account.ts";
import type { Group } from "../du/groups.ts";
import type { DiskReport } from "../du/report.ts";
import type { DuJson } from "./du-schema.ts";

/** Contents that are named one by one. */
const mostCopied = 50;

/** A report of `ddiff du` for scripts, as du-schema.ts describes it. */
export function duJson({ places, groups, removals, contents, plans, notes }: DiskReport): DuJson {
  return {
    version: 1,
    places: places.map((place, i) => jsonPlace(place, groups[i])),
    ...(removals === undefined
      ? {}
      : {
          removals: removals.map(({ place, gone, kept, freed, stays }) => ({
            place: place.usage.label,
            gone: gone.map(nameOf),
            kept: kept.map(({ image, names }) => ({ image: nameOf(image), names })),
            freed,
            stays: {
              bytes: stays.bytes,
              images: stays.images.map(nameOf),
              containers: stays.containers.map(({ name }) => name),
            },
          })),
        }),
    ...(contents === undefined
      ? {}
      : {
          contents: {
            ...contents.sums,
            copied: contents.copied.slice(0, mostCopied),
            packages: contents.packages.map(
              ({ kind, name, version, python, images, layers, bytes, distinct }) => ({
                kind,
                name,
                version,
                python,
                images,
                layers,
                bytes,
                distinct,
              }),
            ),
          },
        }),
    plans: plans.map(({ images, ...plan }) => ({
      ...plan,
      images: images.map(({ place, image, ...rest }) => ({
        place: place.usage.label,
        image: nameOf(image),
        ...rest,
      })),
    })),
    notes,
  };
}

function jsonPlace(place: PlaceAccount, groups: Group[] | undefined): DuJson["places"][number] {
  const { usage, bytes, shared, purposes, images, containers, holders } = place;
  const { label, name, folder, measure, volumes, parts } = usage;
  return {
    label,
    name,
    ...(folder === undefined ? {} : { folder }),
    measure,
    bytes,
    shared,
    purposes,
    images: images.map(({ image, containers: its, ...sums }) => ({
      id: image.id,
      names: image.names,
      labels: Object.fromEntries(image.labels),
      ...(image.created === undefined ? {} : { created: image.created }),
      ...sums,
      containers: its.map((one) => one.name),
    })),
    containers: containers.map(({ container, ...sums }) => ({
      id: container.id,
      name: container.name,
      image: container.image,
      running: container.running,
      ...sums,
    })),
    volumes: volumes.map(({ name, cost }) => ({ name, ...cost })),
    ...(groups === undefined ? {} : { groups }),
    parts: [...parts.values()].map(({ id, kind, cost }) => ({
      id,
      kind,
      ...cost,
      images: holders.get(id)?.images.length ?? 0,
      containers: holders.get(id)?.containers.length ?? 0,
    })),
  };
}
