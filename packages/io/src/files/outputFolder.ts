import { readdir, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { E, escapeForTerminal, type OutputRefused, outputRefused, type TE } from '@cotangent/prelude'
import { makeFolders } from './makeFolders.js'
import { systemText } from './systemError.js'

/** What an output folder must allow. */
export interface OutputNeeds {
  /** Whether files may be there already, as when a run resumes; otherwise a folder that is not empty is refused. */
  readonly reuse?: boolean
  /** Bytes that the run will write, estimated: less free space is refused. */
  readonly bytes?: number
  /** The option that names the folder, for messages; `--output` by default. */
  readonly option?: string
}

/** What was found instead of what must hold. */
type Refuse = (must: string, received: string, todo?: string) => E.Either<OutputRefused, never>

const refuseFor =
  (path: string, option: string): Refuse =>
  (must, received, todo = '') =>
    E.left(
      outputRefused(path, {
        must: `${escapeForTerminal(path)}: ${must}.`,
        received,
        todo: `${todo}give another path with ${option}`,
      }),
    )

// Files that runs leave and that are nobody's results.
const ownFile = /^run\.lock(\.takeover)?$|\.cotangent-tmp$/

const makeFolder = async (path: string, refuse: Refuse): Promise<E.Either<OutputRefused, string | undefined>> => {
  try {
    const created = await makeFolders(path)
    const isFolder = (await stat(path)).isDirectory()
    return isFolder ? E.right(created) : refuse('the output must be a folder', 'a file')
  } catch (thrown) {
    return refuse('the output must be a folder, or it must be possible to make it', systemText(thrown))
  }
}

const checkEmpty = async (path: string, refuse: Refuse): Promise<E.Either<OutputRefused, void>> => {
  const names = (await readdir(path)).filter((name) => !ownFile.test(name))
  if (names.length === 0) return E.right(undefined)
  const some = names.slice(0, 3).map((name) => escapeForTerminal(name, 40))
  const received = `${some.join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`
  return refuse('the output folder must be empty, so that nothing is overwritten', received)
}

const checkWritable = async (path: string, refuse: Refuse): Promise<E.Either<OutputRefused, void>> => {
  const probe = join(path, `.write-test-${process.pid}.cotangent-tmp`)
  try {
    await writeFile(probe, 'x', { flag: 'w' })
    return E.right(undefined)
  } catch (thrown) {
    return refuse('it must be possible to write here', systemText(thrown))
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}

const checkSpace = async (path: string, bytes: number, refuse: Refuse): Promise<E.Either<OutputRefused, void>> => {
  const { bavail, bsize } = await statfs(path)
  const free = bavail * bsize
  if (free >= bytes) return E.right(undefined)
  return refuse(`${bytes} bytes must be free here`, `${free} bytes`, 'make room or ')
}

const checks = async (
  path: string,
  { reuse, bytes }: OutputNeeds,
  refuse: Refuse,
): Promise<E.Either<OutputRefused, void>> => {
  try {
    const writable = await checkWritable(path, refuse)
    if (E.isLeft(writable)) return writable
    const empty = reuse === true ? E.right(undefined) : await checkEmpty(path, refuse)
    if (E.isLeft(empty)) return empty
    return bytes === undefined ? E.right(undefined) : await checkSpace(path, bytes, refuse)
  } catch (thrown) {
    return refuse('it must be possible to look into the output folder', systemText(thrown))
  }
}

/** Takes away the folders that were made for a check that failed; stops at the first that is not empty. */
const unmake = async (made: string | undefined, path: string): Promise<void> => {
  if (made === undefined) return
  for (let folder = path; folder.length >= made.length; folder = resolve(folder, '..')) {
    try {
      await rmdir(folder)
    } catch {
      return
    }
  }
}

/**
 * Makes sure, before any work, that results can be written: the folder exists or is made, is a folder, is empty (unless
 * `reuse`), takes a test file and has room.
 *
 * @returns the absolute path, or OutputRefused with nothing left behind
 * @example ensureOutputFolder('runs/first', { bytes: 50_000_000 })
 */
export const ensureOutputFolder =
  (path: string, needs: OutputNeeds = {}): TE.TaskEither<OutputRefused, string> =>
  async () => {
    const absolute = resolve(path)
    const refuse = refuseFor(absolute, needs.option ?? '--output')
    const made = await makeFolder(absolute, refuse)
    if (E.isLeft(made)) return made
    const checked = await checks(absolute, needs, refuse)
    if (E.isRight(checked)) return E.right(absolute)
    await unmake(made.right, absolute)
    return checked
  }
