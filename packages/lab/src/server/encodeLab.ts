import { encodeSafetensors, fromTensor } from '@cotangent/io'
import { type EdgeError, pipe, TE } from '@cotangent/prelude'
import { tensorsFromParams } from '@cotangent/transformer'
import { type LabData, labFileName } from '../labFile.js'

/** The bytes of the file that `decodeLab` reads. */
export const encodeLab = ({ model, mails }: LabData): TE.TaskEither<EdgeError, Uint8Array> =>
  pipe(
    [...tensorsFromParams({ model, mails })],
    TE.traverseSeqArray(([name, each]) =>
      pipe(
        fromTensor(each),
        TE.map((stored) => [name, stored] as const),
      ),
    ),
    TE.flatMapEither((stored) => encodeSafetensors(new Map(stored), new Map(), labFileName)),
    TE.map((pieces) => new Uint8Array(Buffer.concat(pieces))),
  )
