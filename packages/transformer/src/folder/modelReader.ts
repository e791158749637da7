/* One kind of model in a folder: how its configuration is decoded, and its parameters filled from a file. */
import type { Tensor } from '@cotangent/core'
import type { ModelTensors } from '@cotangent/io'
import { E, type EdgeError, pipe } from '@cotangent/prelude'
import { type MakeParameter, randomParameters } from '../parameters/makeParameter.js'
import { assembleParams, assemblyWarnings } from './assembleParams.js'

/** A model as it lies in a folder. */
export interface ModelOf<C, P> {
  readonly config: C
  readonly params: P
}

/** A model that was read, with what there is to say about it. */
export interface LoadedModelOf<C, P> extends ModelOf<C, P> {
  /** Names of parameters that were not in the folder and are new. */
  readonly newParameters: readonly string[]
  /** What is odd but not wrong, a sentence each: what is new, what was not used, weights that are not finite. */
  readonly warnings: readonly string[]
}

/** Takes the weights of a folder once its configuration is known. */
export type FillModel<C, P> = (
  stored: ModelTensors,
  file: string,
  newHead: Tensor | undefined,
) => E.Either<EdgeError, LoadedModelOf<C, P>>

/** Checks a configuration, and gives what takes the weights. */
export type ModelReader<C, P> = (json: unknown, file: string) => E.Either<EdgeError, FillModel<C, P>>

/** What sets one kind of model apart. */
interface Kind<C, P> {
  readonly decode: (json: unknown, file: string) => E.Either<EdgeError, C>
  readonly params: (make: MakeParameter, config: C) => P
  /** The tensors of a file under today's names. */
  readonly currentNames: (tensors: ReadonlyMap<string, Tensor>, config: C) => ReadonlyMap<string, Tensor>
  /** Whether a parameter belongs to the head, by name: it may be new where a file lacks it. */
  readonly inHead: (name: string) => boolean
}

/** The reader of a kind of model. */
export const modelReader =
  <C extends { readonly initializer_range: number }, P>(kind: Kind<C, P>): ModelReader<C, P> =>
  (json, file) =>
    pipe(
      kind.decode(json, file),
      E.map((config) => (stored, weights, newHead) => {
        const fresh =
          newHead === undefined
            ? null
            : { allowed: kind.inHead, make: randomParameters(newHead, config.initializer_range) }
        return pipe(
          assembleParams(
            (make) => kind.params(make, config),
            kind.currentNames(stored.tensors, config),
            weights,
            fresh,
          ),
          E.map((assembled) => ({
            config,
            params: assembled.params,
            newParameters: assembled.newParameters,
            warnings: [...stored.warnings, ...assemblyWarnings(assembled)],
          })),
        )
      }),
    )
