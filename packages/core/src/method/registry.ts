// The methods by the name that experiments and the command line use: their schemas, for validation, and the
// method that a specification means.

import { z } from "zod";
import { graddropDefinition } from "./aggregator/graddrop.ts";
import { mtadamDefinition } from "./aggregator/mtadam.ts";
import { trimmedMeanDefinition } from "./aggregator/trimmed-mean.ts";
import type { MethodDefinition } from "./definition.ts";
import type { Method } from "./method.ts";
import { adataskAdagradDefinition } from "./steps/adatask-adagrad.ts";
import { adataskAdamDefinition } from "./steps/adatask-adam.ts";
import { adataskRmspropDefinition } from "./steps/adatask-rmsprop.ts";
import { maoDefinition } from "./steps/mao.ts";
import { alignedMtlDefinition } from "./weighting/aligned-mtl.ts";
import { cagradDefinition } from "./weighting/cagrad.ts";
import { configDefinition } from "./weighting/config.ts";
import { type CrMogmSpec, crMogmDefinition } from "./weighting/cr-mogm.ts";
import { dbMtlDefinition } from "./weighting/db-mtl.ts";
import { dualProjDefinition } from "./weighting/dual-proj.ts";
import { dwaDefinition } from "./weighting/dwa.ts";
import { ewDefinition } from "./weighting/ew.ts";
import { excessMtlDefinition } from "./weighting/excess-mtl.ts";
import { fairGradDefinition } from "./weighting/fair-grad.ts";
import { famoDefinition } from "./weighting/famo.ts";
import { fixedDefinition } from "./weighting/fixed.ts";
import { glsDefinition } from "./weighting/gls.ts";
import { gradnormDefinition } from "./weighting/gradnorm.ts";
import { gradvacDefinition } from "./weighting/gradvac.ts";
import { imtlGDefinition } from "./weighting/imtl-g.ts";
import { imtlLDefinition } from "./weighting/imtl-l.ts";
import { krumDefinition } from "./weighting/krum.ts";
import { logDefinition } from "./weighting/log.ts";
import { mgdaDefinition } from "./weighting/mgda.ts";
import { mocoDefinition } from "./weighting/moco.ts";
import { nashMtlDefinition } from "./weighting/nash-mtl.ts";
import { pcgradDefinition } from "./weighting/pcgrad.ts";
import { rlwDefinition } from "./weighting/rlw.ts";
import { stchDefinition } from "./weighting/stch.ts";
import { upgradDefinition } from "./weighting/upgrad.ts";
import { uwDefinition } from "./weighting/uw.ts";

/** All methods but the wrapper, which is made from them. */
const plain = {
  ew: ewDefinition,
  fixed: fixedDefinition,
  uw: uwDefinition,
  dwa: dwaDefinition,
  rlw: rlwDefinition,
  gls: glsDefinition,
  log: logDefinition,
  "imtl-l": imtlLDefinition,
  stch: stchDefinition,
  famo: famoDefinition,
  gradnorm: gradnormDefinition,
  "db-mtl": dbMtlDefinition,
  "excess-mtl": excessMtlDefinition,
  moco: mocoDefinition,
  pcgrad: pcgradDefinition,
  gradvac: gradvacDefinition,
  mgda: mgdaDefinition,
  cagrad: cagradDefinition,
  "nash-mtl": nashMtlDefinition,
  "fair-grad": fairGradDefinition,
  "imtl-g": imtlGDefinition,
  config: configDefinition,
  "aligned-mtl": alignedMtlDefinition,
  upgrad: upgradDefinition,
  "dual-proj": dualProjDefinition,
  krum: krumDefinition,
  graddrop: graddropDefinition,
  "trimmed-mean": trimmedMeanDefinition,
  mao: maoDefinition,
  "adatask-adagrad": adataskAdagradDefinition,
  "adatask-rmsprop": adataskRmspropDefinition,
  "adatask-adam": adataskAdamDefinition,
  mtadam: mtadamDefinition,
} as const;

type Plain = typeof plain;
type PlainSpec = { [N in keyof Plain]: z.infer<Plain[N]["schema"]> }[keyof Plain];

const plainSchemas = Object.values(plain).map(({ schema }) => schema);
const plainSchema = z.discriminatedUnion(
  "kind",
  plainSchemas as unknown as [Plain["ew"]["schema"]],
) as unknown as z.ZodType<PlainSpec>;

const crMogmOfPlain = crMogmDefinition(plainSchema, (spec) => methodOf(spec));

const definitions = { ...plain, "cr-mogm": crMogmOfPlain } as const;

export type MethodName = keyof typeof definitions;

/** A method as plain data; made by `ew()`, `pcgrad()` and the others. */
export type MethodSpec = PlainSpec | CrMogmSpec<PlainSpec>;

export const methodNames = Object.keys(definitions) as MethodName[];

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(definitions, name);
}

/** Options of the method that a value claims to be, for the nearest one to a mistyped name. */
export function methodOptions(found: unknown): string[] {
  const kind = (found as { kind?: unknown } | null)?.kind;
  if (typeof kind !== "string" || !isMethodName(kind)) return [];
  const { shape } = definitions[kind].schema as unknown as z.ZodObject;
  return Object.keys(shape).filter((name) => name !== "kind");
}

export const methodSchema = z.discriminatedUnion("kind", [
  ...plainSchemas,
  crMogmOfPlain.schema,
] as unknown as [Plain["ew"]["schema"]]) as unknown as z.ZodType<MethodSpec>;

/** The method of a specification that validation let through. */
export function methodOf(spec: MethodSpec): Method {
  const definition = definitions[spec.kind] as unknown as MethodDefinition;
  return definition.make(spec);
}
