// Golden weights and directions, computed with numpy in float64 from the gradients in test-views.ts.

import { describe, test } from "vitest";
import { type MethodSpec, methodOf } from "./registry.ts";
import { expectGolden, goldenRows, unshuffled, weighOnce } from "./test-views.ts";
import { alignedMtl } from "./weighting/aligned-mtl.ts";
import { cagrad } from "./weighting/cagrad.ts";
import { dualProj } from "./weighting/dual-proj.ts";
import { fairGrad } from "./weighting/fair-grad.ts";
import { gradvac } from "./weighting/gradvac.ts";
import { imtlG } from "./weighting/imtl-g.ts";
import { mgda } from "./weighting/mgda.ts";
import { nashMtl } from "./weighting/nash-mtl.ts";
import { pcgrad } from "./weighting/pcgrad.ts";
import { upgrad } from "./weighting/upgrad.ts";

interface Golden {
  name: string;
  spec: MethodSpec;
  weights: number[];
  direction: number[];
}

const projected = {
  weights: [2, 1.642857143, 1.405405405],
  direction: [4.335907336, 0.021235521, 0.810810811, 6.333976834],
};

const golden: Golden[] = [
  { name: "pcgrad, unshuffled", spec: pcgrad(), ...projected },
  { name: "gradvac, first step, unshuffled", spec: gradvac(), ...projected },
  {
    name: "mgda",
    spec: mgda(),
    weights: [0.527039413, 0.269477544, 0.203483043],
    direction: [0.802016499, 0.509624198, -0.120073327, 1.011915674],
  },
  {
    name: "cagrad, c 0.4, not rescaled",
    spec: cagrad({ rescale: 0 }),
    weights: [0.616156757, 0.335495753, 0.333333333],
    direction: [1.278498584, 0.234475935, 0.050509909, 1.339820593],
  },
  {
    name: "cagrad by default",
    spec: cagrad(),
    weights: [0.531169618, 0.289220477, 0.287356322],
    direction: [1.102153952, 0.202134426, 0.043543025, 1.155017752],
  },
  {
    name: "cagrad, c 0.5, not rescaled",
    spec: cagrad({ c: 0.5, rescale: 0 }),
    weights: [0.68368033, 0.364434427, 0.333333333],
    direction: [1.28814481, 0.398461753, -0.017013663, 1.426636613],
  },
  {
    name: "nash-mtl, neither normalised nor shortened",
    spec: nashMtl({ maxNorm: null, normaliseGram: false }),
    weights: [0.571413017, 0.3718972, 0.279738411],
    direction: [0.946572259, 0.395769591, -0.011936196, 1.395430011],
  },
  {
    name: "fair-grad, a 1",
    spec: fairGrad(),
    weights: [0.571413017, 0.3718972, 0.279738411],
    direction: [0.946572259, 0.395769591, -0.011936196, 1.395430011],
  },
  {
    name: "fair-grad, a 2",
    spec: fairGrad({ alpha: 2 }),
    weights: [0.447154314, 0.265780913, 0.197912997],
    direction: [0.707244476, 0.368437553, -0.05132832, 0.995255736],
  },
  {
    name: "imtl-g",
    spec: imtlG(),
    weights: [0.462162566, 0.299747789, 0.238089644],
    direction: [0.815025565, 0.271714344, 0.014016723, 1.137333012],
  },
  {
    name: "aligned-mtl, min",
    spec: alignedMtl(),
    weights: [1.145110939, 0.786604171, 0.622258322],
    direction: [2.060935887, 0.587792758, 0.099405706, 2.982070835],
  },
  {
    name: "aligned-mtl, median",
    spec: alignedMtl({ scale: "median" }),
    weights: [1.829007547, 1.256389156, 0.993890749],
    direction: [3.291792231, 0.938841255, 0.15877395, 4.763058216],
  },
  {
    name: "aligned-mtl, rmse",
    spec: alignedMtl({ scale: "rmse" }),
    weights: [2.35336415, 1.616582284, 1.278828434],
    direction: [4.235513319, 1.207996848, 0.204292718, 6.128575285],
  },
  {
    name: "upgrad, exact",
    spec: upgrad({ epsilon: 0 }),
    weights: [0.76344086, 0.588808979, 0.494180753],
    direction: [1.562545916, 0.138967686, 0.224920647, 2.26060769],
  },
  {
    name: "upgrad by default",
    spec: upgrad(),
    weights: [0.762997122, 0.588694384, 0.494128666],
    direction: [1.562123017, 0.138173964, 0.22526021, 2.260211819],
  },
  {
    name: "dual-proj, exact",
    spec: dualProj({ epsilon: 0 }),
    weights: [1 / 3, 1 / 3, 1 / 3],
    direction: [1, -1 / 3, 1 / 3, 4 / 3],
  },
];

describe("golden values", () => {
  test.each(golden)("$name", ({ spec, weights, direction }) => {
    const weighed = weighOnce(methodOf(spec), goldenRows, { random: unshuffled });
    expectGolden(weighed, { weights, direction });
  });
});
