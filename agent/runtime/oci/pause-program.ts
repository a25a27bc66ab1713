/**
 * The first process of a shared process namespace, as a program of a few instructions: it ignores SIGCHLD, upon which the
 * kernel reaps every orphan by itself, and then waits for ever. Undefined for an architecture it is not written for.
 */
export function pauseProgram(arch: string = process.arch): Buffer | undefined {
  const machine = machines[arch];
  return machine === undefined ? undefined : executable(machine);
}

interface Machine {
  /** e_machine of ELF. */
  number: number;
  /** Ends right before the sigaction that `ignore` is appended as. */
  code: Buffer;
}

const machines: Record<string, Machine> = {
  x64: {
    number: 62,
    code: Buffer.from(
      [
        'b80d000000', // mov eax, 13 (rt_sigaction)
        'bf11000000', // mov edi, 17 (SIGCHLD)
        '488d3513000000', // lea rsi, [rip + 19] (the sigaction)
        '31d2', // xor edx, edx
        '41ba08000000', // mov r10d, 8 (bytes of its mask)
        '0f05', // syscall
        'b822000000', // wait: mov eax, 34 (pause)
        '0f05', // syscall
        'ebf7', // jmp wait
      ].join(''),
      'hex',
    ),
  },
  arm64: {
    number: 183,
    code: words(
      0xd28010c8, // mov x8, 134 (rt_sigaction)
      0xd2800220, // mov x0, 17 (SIGCHLD)
      0x10000161, // adr x1, 44 bytes on (the sigaction)
      0xd2800002, // mov x2, 0
      0xd2800103, // mov x3, 8 (bytes of its mask)
      0xd4000001, // svc 0
      0xd2800928, // wait: mov x8, 73 (ppoll)
      0xd2800000, // mov x0, 0
      0xd2800001, // mov x1, 0
      0xd2800002, // mov x2, 0
      0xd2800003, // mov x3, 0
      0xd4000001, // svc 0
      0x17fffffa, // b wait
    ),
  },
};

const loadAddress = 0x40_0000;
const fileHeaderBytes = 64;
const segmentHeaderBytes = 56;
const ignoreSignal = 1;

/** An ELF file with one segment, which is the whole file. */
function executable({ number, code }: Machine): Buffer {
  const action = Buffer.alloc(32);
  action.writeBigUInt64LE(BigInt(ignoreSignal));
  const headers = Buffer.alloc(fileHeaderBytes + segmentHeaderBytes);
  const size = headers.length + code.length + action.length;
  headers.set(Buffer.from('7f454c46020101', 'hex')); // ELF, 64 bits, little endian, version 1
  headers.writeUInt16LE(2, 16); // an executable
  headers.writeUInt16LE(number, 18);
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(BigInt(loadAddress + headers.length), 24); // where to begin
  headers.writeBigUInt64LE(BigInt(fileHeaderBytes), 32); // where the segments are described
  headers.writeUInt16LE(fileHeaderBytes, 52);
  headers.writeUInt16LE(segmentHeaderBytes, 54);
  headers.writeUInt16LE(1, 56); // one segment
  const segment = headers.subarray(fileHeaderBytes);
  segment.writeUInt32LE(1, 0); // to be loaded
  segment.writeUInt32LE(5, 4); // to be read and executed
  for (const offset of [16, 24]) segment.writeBigUInt64LE(BigInt(loadAddress), offset);
  for (const offset of [32, 40]) segment.writeBigUInt64LE(BigInt(size), offset);
  segment.writeBigUInt64LE(0x1_0000n, 48);
  return Buffer.concat([headers, code, action]);
}

function words(...instructions: number[]): Buffer {
  const code = Buffer.alloc(instructions.length * 4);
  instructions.forEach((instruction, index) => code.writeUInt32LE(instruction, index * 4));
  return code;
}
