import { escapeForTerminal } from '@cotangent/prelude'

const texts: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['EACCES', 'access is not permitted'],
  ['EPERM', 'the operation is not permitted'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is a file, not a folder'],
  ['ELOOP', 'it is a link that leads back to itself'],
  ['ENAMETOOLONG', 'the path is too long'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'the file would be larger than is allowed'],
  ['EROFS', 'the file system is read-only'],
  ['EIO', 'the device reports an error'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
  ['ENXIO', 'it is a device or pipe that cannot be read'],
  ['ERR_INVALID_ARG_VALUE', 'the path holds a null byte'],
])

/**
 * The code of what a call to the system threw, such as `ENOENT`; empty where there is none.
 *
 * @example systemCode(new Error('no')) // => ''
 */
export const systemCode = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''

/** What a call to the system threw, in words. */
export const systemText = (thrown: unknown): string => {
  const code = systemCode(thrown)
  const text = texts.get(code)
  if (text !== undefined) return `${text} (${code})`
  return escapeForTerminal(thrown instanceof Error ? thrown.message : String(thrown))
}
