import { readFileSync } from 'node:fs'

/**
 * Bytes that this process has held at most (its peak resident set size). On Linux the kernel's own mark: `maxRSS` there
 * begins with what the process held that started this one.
 */
export const peakMemory = (): number => {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * 1024
}
