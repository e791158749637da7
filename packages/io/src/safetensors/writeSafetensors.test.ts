import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { E } from '@cotangent/prelude'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StoredTensor, storedBytes, storedDTypes, storedFloat32 } from '../storedTensor.js'
import { decodeSafetensors, readSafetensors } from './readSafetensors.js'
import { dataBytes, encodeSafetensors, writeSafetensors } from './writeSafetensors.js'

const fixtures = fileURLToPath(new URL('../../../../test/fixtures/io/', import.meta.url))

const joined = (tensors: ReadonlyMap<string, StoredTensor>, metadata: ReadonlyMap<string, string>): Buffer => {
  const pieces = encodeSafetensors(tensors, metadata, 'f')
  if (E.isLeft(pieces)) throw new Error(pieces.left.message)
  return Buffer.concat(pieces.right)
}

const tensorOf = (dtype: (typeof storedDTypes)[number], shape: readonly number[]): fc.Arbitrary<StoredTensor> => {
  const length = shape.reduce((a, b) => a * b, 1) * storedBytes[dtype]
  return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }))
}
const anyTensor = fc
  .tuple(fc.constantFrom(...storedDTypes), fc.array(fc.nat(3), { maxLength: 3 }))
  .chain(([dtype, shape]) => tensorOf(dtype, shape))
const anyName = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('__proto__', 'constructor', '0', '1', '\u001b[31m', '<script>', '\u2028'),
)
const anyFile = fc
  .dictionary(anyName, anyTensor, { noNullPrototype: true })
  .map((record) => new Map(Object.entries(record)))
const anyMetadata = fc.dictionary(anyName, fc.string()).map((record) => new Map(Object.entries(record)))

const sorted = <A>(map: ReadonlyMap<string, A>): readonly (readonly [string, A])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1))

describe('writing and reading', () => {
  it('is the identity, for any dtypes, shapes and names', () => {
    fc.assert(
      fc.property(anyFile, anyMetadata, (tensors, metadata) => {
        const file = decodeSafetensors(joined(tensors, metadata), 'f')
        expect(E.isRight(file) && sorted(file.right.tensors)).toEqual(sorted(tensors))
        expect(E.isRight(file) && sorted(file.right.metadata)).toEqual(sorted(metadata))
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  it('gives the same bytes for the same tensors in another order, data at multiples of 8 or the element', () => {
    fc.assert(
      fc.property(anyFile, anyMetadata, (tensors, metadata) => {
        const bytes = joined(tensors, metadata)
        const turned = joined(new Map([...tensors].reverse()), new Map([...metadata].reverse()))
        expect(turned.equals(bytes)).toBe(true)
        const file = decodeSafetensors(bytes, 'f')
        if (E.isRight(file))
          for (const { dtype, data } of file.right.tensors.values())
            expect((data.byteOffset - bytes.byteOffset) % storedBytes[dtype]).toBe(0)
      }),
      { seed: 6 },
    )
  })

  it('goes through a file', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'cotangent-')), 'w.safetensors')
    const tensors = new Map([
      ['w', storedFloat32([1, -2, 3], [3])],
      ['odd', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) } satisfies StoredTensor],
      ['b', storedFloat32([4], [])],
    ])
    expect(await writeSafetensors(path, tensors, new Map([['format', 'pt']]))()).toEqual(E.right(undefined))
    const file = await readSafetensors(path)()
    expect(E.isRight(file) && sorted(file.right.tensors)).toEqual(sorted(tensors))
    const some = await readSafetensors(path, ['b'])()
    expect(E.isRight(some) && [...some.right.tensors.keys()]).toEqual(['b'])
    expect(dataBytes(tensors.values())).toBe(19)
  })
})

describe('the Python library', () => {
  const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.safetensors'),
  )

  it.each(files)('wrote %s as it is written here', (name) => {
    const bytes = readFileSync(join(fixtures, name))
    const file = decodeSafetensors(bytes, name)
    if (E.isLeft(file)) throw new Error(file.left.message)
    expect(joined(file.right.tensors, file.right.metadata).equals(bytes)).toBe(true)
  })

  it('has every dtype there', () => {
    const file = decodeSafetensors(readFileSync(join(fixtures, 'every_dtype.safetensors')), 'f')
    const found = E.isRight(file) ? new Set([...file.right.tensors.values()].map(({ dtype }) => dtype)) : new Set()
    expect(found).toEqual(new Set(storedDTypes))
  })
})

describe('what the format cannot hold is refused', () => {
  const write = (name: string, tensor: StoredTensor): string => {
    const pieces = encodeSafetensors(new Map([[name, tensor]]), new Map(), 'f')
    return E.isLeft(pieces) ? pieces.left.message : 'written'
  }

  it.each([
    ['__metadata__', storedFloat32([1], [1]), 'no tensor may have this name'],
    ['\ud800', storedFloat32([1], [1]), 'its name must be Unicode text'],
    ['a', storedFloat32([1], [2]), 'its data must be 8 bytes for F32[2]'],
    ['a', storedFloat32([1], [-1]), 'its shape must be whole numbers'],
  ])('%s', (name, tensor, part) => {
    expect(write(name, tensor)).toContain(part)
  })
})
