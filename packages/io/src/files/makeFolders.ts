import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './systemError.js'

/**
 * Makes a folder and those above it that are missing. Node's own `recursive` never returns where a file system has no
 * folders to make, such as /proc.
 *
 * @param path absolute
 * @returns the highest folder that was made, or undefined where all were there
 * @throws what the system throws: ENOTDIR or EEXIST where a part of the path is a file
 */
export const makeFolders = async (path: string): Promise<string | undefined> => {
  try {
    await mkdir(path)
    return path
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST' && (await stat(path)).isDirectory()) return undefined
    const above = dirname(path)
    if (systemCode(thrown) !== 'ENOENT' || above === path) throw thrown
    const made = await makeFolders(above)
    // With the folder above in place, a second ENOENT is the file system's answer.
    await mkdir(path)
    return made ?? path
  }
}
