import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { readWeights, weightsIndexName } from './readWeights.js'

const mistral = fileURLToPath(new URL('../../../../test/fixtures/io/mistral', import.meta.url))

const copied = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
  cpSync(mistral, folder, { recursive: true })
  return folder
}

interface Index {
  readonly metadata: Record<string, unknown>
  readonly weight_map: Record<string, unknown>
}
const indexOf = (folder: string): Index => JSON.parse(readFileSync(join(folder, weightsIndexName), 'utf8'))

const withIndex = (change: (index: Index) => unknown): string => {
  const folder = copied()
  writeFileSync(join(folder, weightsIndexName), JSON.stringify(change(indexOf(folder))))
  return folder
}

const messageOf = async (folder: string): Promise<string> => {
  const result = await readWeights(folder)()
  return E.isLeft(result) ? result.left.message : result.right.warnings.join('\n')
}

const first = 'model.embed_tokens.weight'

describe('weights in several files', () => {
  it('are all there, without a warning', async () => {
    const weights = await readWeights(mistral)()
    expect(E.isRight(weights) && [...weights.right.tensors.keys()].sort()).toEqual(
      Object.keys(indexOf(mistral).weight_map).sort(),
    )
    expect(await messageOf(mistral)).toBe('')
  })

  it.each([
    '../model-00001-of-00003.safetensors',
    '/etc/passwd',
    '/tmp/x.safetensors',
    'a\\b.safetensors',
    'a\0.safetensors',
    'file:///x.safetensors',
    'C:x.safetensors',
    'model.bin',
    '',
    5,
    null,
    ['x'],
  ])('the shard %j is refused', async (shard) => {
    const folder = withIndex((index) => ({ ...index, weight_map: { ...index.weight_map, [first]: shard } }))
    const message = await messageOf(folder)
    expect(message).toContain(`tensor "${first}": it must be in a file of this folder`)
    expect(message).not.toContain('\0')
  })

  it('a shard that is missing, or a tensor that is not in its shard, is refused', async () => {
    const folder = copied()
    rmSync(join(folder, 'model-00002-of-00003.safetensors'))
    expect(await messageOf(folder)).toContain('model-00002-of-00003.safetensors: must be a file that can be read')
    const other = withIndex((index) => ({
      ...index,
      weight_map: { ...index.weight_map, [first]: 'model-00003-of-00003.safetensors' },
    }))
    expect(await messageOf(other)).toContain(`1 missing:\n            ${first}`)
  })

  it('a wrong total and a tensor outside the index are said', async () => {
    const wrong = withIndex((index) => ({ ...index, metadata: { total_size: 5 } }))
    expect(await messageOf(wrong)).toContain('says 5 bytes in all (total_size)')
    const fewer = withIndex((index) => ({
      weight_map: Object.fromEntries(Object.entries(index.weight_map).filter(([name]) => name !== first)),
    }))
    expect(await messageOf(fewer)).toContain(`does not place there, such as ${first}`)
  })

  it.each(['{"weight_map": 5}', '[]', '{"metadata": {}}', '{"weight_map": {"__proto__": {"polluted": 1}}}', '{'])(
    'the index %s is refused',
    async (text) => {
      const folder = copied()
      writeFileSync(join(folder, weightsIndexName), text)
      expect(E.isLeft(await readWeights(folder)())).toBe(true)
      expect(Reflect.get({}, 'polluted')).toBe(undefined)
    },
  )
})

describe('a folder', () => {
  it('whose files are links into a store is read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
    symlinkSync(join(mistral, 'model-00003-of-00003.safetensors'), join(folder, 'model.safetensors'))
    expect(await messageOf(folder)).toBe('')
  })

  it('without weights, or with a pickle only, is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))
    expect(await messageOf(folder)).toContain('neither it nor model.safetensors.index.json')
    writeFileSync(join(folder, 'pytorch_model.bin'), 'PK')
    expect(await messageOf(folder)).toContain('runs code')
    expect(await messageOf(join(folder, 'nowhere'))).toContain('no such file or folder')
  })
})
