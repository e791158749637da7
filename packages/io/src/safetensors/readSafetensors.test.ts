import { execFileSync } from 'node:child_process'
import { mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { E } from '@cotangent/prelude'
import { beforeAll, describe, expect, it } from 'vitest'
import { storedFloat32, toFloat32 } from '../storedTensor.js'
import { readSafetensors, readSafetensorsHeader } from './readSafetensors.js'
import { writeSafetensors } from './writeSafetensors.js'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
const at = (name: string): string => join(folder, name)

const messageOf = async (path: string, names?: readonly string[]): Promise<string> => {
  const result = await readSafetensors(path, names)()
  return E.isLeft(result) ? result.left.message : 'read'
}

beforeAll(async () => {
  await writeSafetensors(at('good.safetensors'), new Map([['encoder.weight', storedFloat32([1, 2], [2])]]))()
})

describe('what is no regular file is refused at once', () => {
  it('a folder, a dangling link, a loop, a null byte, a name that is too long', async () => {
    symlinkSync(at('nowhere'), at('dangling'))
    symlinkSync(at('loop'), at('loop'))
    expect(await messageOf(folder)).toContain('received  a folder')
    expect(await messageOf(at('dangling'))).toContain('there is no such file or folder (ENOENT)')
    expect(await messageOf(at('loop'))).toContain('leads back to itself')
    expect(await messageOf('a\0b')).toContain('null byte')
    expect(await messageOf('x'.repeat(5000))).toContain('the path is too long')
  })

  it.skipIf(process.platform === 'win32')('a named pipe without a writer, a device without end', async () => {
    execFileSync('mkfifo', [at('pipe')])
    expect(await messageOf(at('pipe'))).toContain('received  a named pipe')
    expect(await messageOf('/dev/zero')).toContain('received  a device or socket')
  })

  it('a link to a text: the message quotes nothing of it', async () => {
    writeFileSync(at('secret.txt'), 'password: hunter2, and more of it')
    symlinkSync(at('secret.txt'), at('link.safetensors'))
    const message = await messageOf(at('link.safetensors'))
    expect(message).toContain("the header's length must be")
    expect(message).not.toMatch(/password|hunter2/)
  })

  it('a pickle: says how to convert', async () => {
    expect(await messageOf(at('pytorch_model.bin'))).toContain('save_file')
  })
})

it('a link to a good file is read, as caches of models are', async () => {
  symlinkSync('good.safetensors', at('blob'))
  expect(await messageOf(at('blob'))).toBe('read')
})

it('a tensor that is missing is named, with a near one', async () => {
  expect(await messageOf(at('good.safetensors'), ['encoder.wieght'])).toContain(
    'encoder.wieght (there is encoder.weight)',
  )
})

it('the header can be read alone', async () => {
  const header = await readSafetensorsHeader(at('good.safetensors'))()
  expect(E.isRight(header) && [...header.right.tensors]).toEqual([
    ['encoder.weight', { dtype: 'F32', shape: [2], begin: 0, end: 8 }],
  ])
})

it('a file beyond 2 GiB is read by ranges', async () => {
  // Sparse: two tensors, of 3 GiB and of 8 bytes; only the second one is read.
  const big = 3 * 2 ** 30
  const info = (begin: number, end: number, dtype: string, n: number): object => ({
    dtype,
    shape: [n],
    data_offsets: [begin, end],
  })
  const text = JSON.stringify({ big: info(0, big, 'U8', big), small: info(big, big + 8, 'F32', 2) })
  const start = Buffer.alloc(8 + text.length)
  start.writeBigUInt64LE(BigInt(text.length))
  start.write(text, 8)
  const path = at('big.safetensors')
  writeFileSync(path, start)
  truncateSync(path, start.length + big + 8)
  const file = await readSafetensors(path, ['small'])()
  const small = E.isRight(file) ? file.right.tensors.get('small') : undefined
  expect(small === undefined ? undefined : toFloat32(small, { name: 'small' })).toEqual(E.right(Float32Array.of(0, 0)))
  truncateSync(path, 0)
})
