// Kernels that tfjs's wasm backend has wrong and that hardly any model needs: computed by the cpu
// backend's code, on copies. Right, and slow.

import * as tf from "@tensorflow/tfjs";
import { silenceBanner } from "../cpu.ts";
import type { Inputs, WasmKernel } from "./kernel.ts";

/** The part of tfjs's cpu backend that is used here; its class is not exported. */
interface CpuBackend {
  makeTensorInfo(shape: number[], type: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
  readSync(dataId: tf.DataId): tf.TypedArray;
  disposeIntermediateTensorInfo(info: tf.TensorInfo): void;
}

/** The cpu backend's kernel of that name, for tensors on wasm. */
export function byCpu<Attributes extends object>(name: string): WasmKernel<Attributes> {
  return {
    name,
    build:
      () =>
      ({ inputs, backend, attrs }) => {
        silenceBanner();
        const cpu = tf.findBackend("cpu") as unknown as CpuBackend;
        const copy = (info: tf.TensorInfo): tf.TensorInfo => {
          const values = backend.readSync(info.dataId) as tf.TypedArray;
          return cpu.makeTensorInfo(info.shape, info.dtype, values);
        };
        const copies: Inputs = Object.fromEntries(
          Object.entries(inputs).map(([key, info]) => [key, copy(info)]),
        );
        const { kernelFunc } = tf.getKernel(name, "cpu");
        const result = kernelFunc({
          inputs: copies,
          backend: cpu,
          attrs: { ...attrs } as tf.NamedAttrMap,
        }) as tf.TensorInfo;
        const values = cpu.readSync(result.dataId);
        for (const used of [...Object.values(copies), result]) {
          cpu.disposeIntermediateTensorInfo(used);
        }
        return backend.makeOutput(result.shape, result.dtype, undefined, values);
      },
  };
}
