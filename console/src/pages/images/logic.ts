// What the center tells of an image, read.

export type Keeping = 'shared' | 'overlay' | 'copied' | 'unknown';

/** How an image is kept, by the words of the center, and how many bytes of its own that took. */
export function keepingOf(storage: string): { keeping: Keeping; bytes: number | undefined } {
  const layer = /a layer of (\d+) bytes/.exec(storage);
  if (layer) return { keeping: 'overlay', bytes: Number(layer[1]) };
  const copied = /(\d+) bytes were copied/.exec(storage);
  if (copied) return { keeping: 'copied', bytes: Number(copied[1]) };
  return { keeping: storage.includes('shares its blocks') ? 'shared' : 'unknown', bytes: undefined };
}

interface Job {
  SystemDiskSize?: number | undefined;
  DataDisks: { DataDisk: readonly { Index: number }[] };
}

/**
 * The numbers that `landfall image` knows the disks by: 0 for the system disk, data disks as the job counts them. Without its job
 * that cannot be told for more than one disk, and the first disk needs no number.
 */
export function diskNumbers(job: Job | undefined, roots: number): (number | undefined)[] {
  const ofJob = job && [
    ...(job.SystemDiskSize === undefined ? [] : [0]),
    ...job.DataDisks.DataDisk.map((disk) => disk.Index),
  ];
  return ofJob?.length === roots ? ofJob : Array.from({ length: roots }, () => undefined);
}

/** A text as one word of a shell. */
export function quoted(text: string): string {
  return /^[\w./:=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The file that a disk is written to, called after its image. */
export function fileOf(name: string, disk: number | undefined, several: boolean, ending: 'qcow2' | 'raw'): string {
  // A name of the center holds neither dots nor slashes; one of another program might.
  const stem = name.replace(/[^\p{L}\p{N}_-]+/gu, '-').replace(/^-+/, '') || 'image';
  return `${stem}${several && disk !== undefined ? `-${disk}` : ''}.${ending}`;
}

export interface Commands {
  show: string;
  verify: string;
  exportQcow2: string;
  exportRaw: string;
  against: string;
  testBoot: string;
}

/** The commands for one disk of an image. */
export function commands(
  image: { ImageId: string; ImageName: string },
  disk: number | undefined,
  several: boolean,
): Commands {
  const id = quoted(image.ImageId);
  const number = several && disk !== undefined ? ` --disk ${disk}` : '';
  const qcow2 = quoted(fileOf(image.ImageName, disk, several, 'qcow2'));
  const raw = quoted(fileOf(image.ImageName, disk, several, 'raw'));
  return {
    show: `landfall image show ${id}`,
    verify: `landfall image verify ${id}`,
    exportQcow2: `landfall image export ${id} --format qcow2${number} --to ${qcow2}`,
    exportRaw: `landfall image export ${id} --format raw${number} --to ${raw}`,
    against: `landfall image verify ${id} --against ${qcow2}${number}`,
    testBoot: `landfall image test-boot ${id} --timeout 300`,
  };
}

interface Checked {
  Checks: { Check: readonly { Kind: string; Result: string; Time: string }[] };
}

/** The checks that failed and were not repeated with success: of each kind the latest counts. */
export function failedChecks<Image extends Checked>(image: Image): Image['Checks']['Check'][number][] {
  const latest = new Map<string, Image['Checks']['Check'][number]>();
  for (const check of image.Checks.Check) {
    const known = latest.get(check.Kind);
    if (!known || known.Time <= check.Time) latest.set(check.Kind, check);
  }
  return [...latest.values()].filter((check) => check.Result !== 'Passed');
}
