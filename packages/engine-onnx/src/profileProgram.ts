import { HostTensor, type IR, type ProgramProfile, type Tensor } from '@cotangent/core'
import { lowerWithOrigins } from './lower.js'
import { encodeModel, type Graph } from './onnx/model.js'
import { rewrite } from './rewrite/index.js'
import {
  explained,
  fromRuntime,
  onHost,
  type Runtime,
  type RuntimeTensor,
  type SessionOptions,
  toRuntime,
} from './runtime.js'
import { operationsIn } from './runtimeProfile.js'

/** Calls `f` with a folder that is removed afterwards. Files are asked for here only, so that a page may load the rest. */
const withFolder = async <T>(f: (prefix: string, read: () => Promise<string>) => Promise<T>): Promise<T> => {
  const [{ mkdtemp, readdir, readFile, rm }, { tmpdir }, { join }] = await Promise.all([
    import('node:fs/promises'),
    import('node:os'),
    import('node:path'),
  ])
  const folder = await mkdtemp(join(tmpdir(), 'cotangent-profile-'))
  const read = async (): Promise<string> => {
    const [file] = await readdir(folder)
    if (file === undefined) throw new Error(`onnxruntime wrote no profile to ${folder}`)
    return readFile(join(folder, file), 'utf8')
  }
  try {
    return await f(join(folder, 'run'), read)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Runs a program several times in a session of its own, and reads the profile that onnxruntime writes of it.
 *
 * @param optionsFor the session's options for a graph, with the prefix of the profile's file
 */
export const profileProgram = async (
  ort: Runtime,
  ir: IR,
  inputs: readonly Tensor[],
  runs: number,
  optionsFor: (graph: Graph, prefix: string) => SessionOptions,
): Promise<ProgramProfile> => {
  const { graph, equationOf } = lowerWithOrigins(rewrite(ir))
  const feeds = Object.fromEntries(inputs.map((x, i) => [`x${i}`, toRuntime(ort, onHost(x).data, x.aval)]))
  return withFolder(async (prefix, read) => {
    const session = await ort.InferenceSession.create(encodeModel(graph), optionsFor(graph, prefix))
    try {
      let results: Readonly<Record<string, RuntimeTensor>> = {}
      for (let run = 0; run < runs; run++) results = await session.run(feeds).catch(explained)
      session.endProfiling()
      return {
        results: ir.outputs.map(({ aval }, i) => {
          const result = results[`y${i}`]
          if (result === undefined) throw new Error(`onnxruntime gave no result y${i}`)
          return new HostTensor(fromRuntime(result, aval), aval.shape, aval.dtype)
        }),
        operations: operationsIn(await read(), equationOf),
      }
    } finally {
      await session.release()
    }
  })
}
