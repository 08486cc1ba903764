using System.Buffers.Binary;
using System.Formats.Tar;
using System.Runtime.InteropServices;

namespace KubeAspire.ContainerRuntime.Pause;

/// <summary>
/// The program of a sandbox: waits until it is told to end. Written here instruction by instruction, so that no image has to be
/// pulled before the first pod can run.
/// </summary>
/// <remarks>
/// As process 1 of its namespace it ignores SIGTERM unless it asks for it, and nobody else collects the orphans of a shared process
/// namespace. So it blocks SIGTERM, SIGINT and SIGCHLD, and takes them one after another with rt_sigtimedwait: SIGCHLD means wait4
/// until nobody is left to collect; the others mean exit(0).
/// </remarks>
public static class PauseProgram
{
    /// <summary>Name and tag of the image. The tag changes when the program does.</summary>
    public const string Image = "kubeaspire/pause:1";

    /// <summary>Path of the program in the image.</summary>
    private const string Path = "pause";

    private const ulong LoadAddress = 0x400000;
    private const int ElfHeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int CodeOffset = ElfHeaderBytes + ProgramHeaderBytes;
    private const ushort MachineX64 = 62;
    private const ushort MachineArm64 = 183;

    /// <summary>Signals 2 (INT), 15 (TERM) and 17 (CHLD): bit n-1 stands for signal n.</summary>
    private const ulong SignalMask = (1UL << 1) | (1UL << 14) | (1UL << 16);

    /// <summary>An executable for a processor.</summary>
    /// <exception cref="PlatformNotSupportedException">No program is written for the processor.</exception>
    public static byte[] Build(Architecture architecture) => architecture switch
    {
        Architecture.X64 => Elf(MachineX64, X64()),
        Architecture.Arm64 => Elf(MachineArm64, Arm64()),
        _ => throw new PlatformNotSupportedException($"there is no pause program for {architecture}"),
    };

    /// <summary>Makes sure that the image is there.</summary>
    public static async Task<RuntimeError?> EnsureImageAsync(IContainerRuntime runtime, Architecture architecture, CancellationToken cancellationToken)
    {
        var found = await runtime.InspectImageAsync(Image, cancellationToken);
        if (found.Succeeded || found.Error.Kind != RuntimeErrorKind.NotFound)
        {
            return found.Error;
        }

        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            var entry = new UstarTarEntry(TarEntryType.RegularFile, Path)
            {
                Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute,
                ModificationTime = DateTimeOffset.UnixEpoch, // The same program gives the same image.
                DataStream = new MemoryStream(Build(architecture)),
            };
            await writer.WriteEntryAsync(entry, cancellationToken);
        }

        tar.Position = 0;
        var imported = await runtime.ImportImageAsync(Image, tar, [$"ENTRYPOINT [\"/{Path}\"]"], cancellationToken);
        return imported.Error;
    }

    private static byte[] X64()
    {
        var code = new List<byte>();
        void Emit(params ReadOnlySpan<byte> bytes) => code.AddRange(bytes);
        Emit(0x48, 0xB8);                         // mov rax, SignalMask
        Span<byte> mask = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(mask, SignalMask);
        Emit(mask);
        Emit(0x50);                               // push rax: the set lies at rsp
        Emit(0xB8, 14, 0, 0, 0);                  // mov eax, rt_sigprocmask
        Emit(0x31, 0xFF);                         // xor edi, edi: SIG_BLOCK
        Emit(0x48, 0x89, 0xE6);                   // mov rsi, rsp
        Emit(0x31, 0xD2);                         // xor edx, edx
        Emit(0x41, 0xBA, 8, 0, 0, 0);             // mov r10d, 8: bytes in the set
        Emit(0x0F, 0x05);                         // syscall
        var wait = code.Count;
        Emit(0xB8, 128, 0, 0, 0);                 // mov eax, rt_sigtimedwait
        Emit(0x48, 0x89, 0xE7);                   // mov rdi, rsp
        Emit(0x31, 0xF6);                         // xor esi, esi: no details
        Emit(0x31, 0xD2);                         // xor edx, edx: no time limit
        Emit(0x41, 0xBA, 8, 0, 0, 0);             // mov r10d, 8
        Emit(0x0F, 0x05);                         // syscall
        Emit(0x83, 0xF8, 15);                     // cmp eax, SIGTERM
        var toExit1 = code.Count;
        Emit(0x74, 0);                            // je exit
        Emit(0x83, 0xF8, 2);                      // cmp eax, SIGINT
        var toExit2 = code.Count;
        Emit(0x74, 0);                            // je exit
        Emit(0x83, 0xF8, 17);                     // cmp eax, SIGCHLD
        Emit(0x75, Back(code.Count + 2, wait));   // jne wait
        var reap = code.Count;
        Emit(0xB8, 61, 0, 0, 0);                  // mov eax, wait4
        Emit(0x48, 0xC7, 0xC7, 0xFF, 0xFF, 0xFF, 0xFF); // mov rdi, -1: any child
        Emit(0x31, 0xF6);                         // xor esi, esi
        Emit(0xBA, 1, 0, 0, 0);                   // mov edx, WNOHANG
        Emit(0x45, 0x31, 0xD2);                   // xor r10d, r10d
        Emit(0x0F, 0x05);                         // syscall
        Emit(0x85, 0xC0);                         // test eax, eax
        Emit(0x7F, Back(code.Count + 2, reap));   // jg reap
        Emit(0xEB, Back(code.Count + 2, wait));   // jmp wait
        code[toExit1 + 1] = (byte)(code.Count - (toExit1 + 2));
        code[toExit2 + 1] = (byte)(code.Count - (toExit2 + 2));
        Emit(0xB8, 60, 0, 0, 0);                  // mov eax, exit
        Emit(0x31, 0xFF);                         // xor edi, edi
        Emit(0x0F, 0x05);                         // syscall
        return [.. code];

        static byte Back(int next, int target) => unchecked((byte)(sbyte)(target - next));
    }

    private static byte[] Arm64()
    {
        var code = new List<uint>();
        uint MovZ(int register, uint value, int shift = 0) => 0xD2800000u | ((uint)(shift / 16) << 21) | (value << 5) | (uint)register;
        uint MovK(int register, uint value, int shift) => 0xF2800000u | ((uint)(shift / 16) << 21) | (value << 5) | (uint)register;
        uint CmpImmediate(int register, uint value) => 0x7100001Fu | (value << 10) | ((uint)register << 5); // cmp wN, #value
        uint Branch(uint condition, int from, int to) => 0x54000000u | ((uint)((to - from) & 0x7FFFF) << 5) | condition;
        const uint svc = 0xD4000001u;
        const uint equal = 0, notEqual = 1, greater = 12;

        code.Add(MovZ(9, (uint)(SignalMask & 0xFFFF)));
        code.Add(MovK(9, (uint)(SignalMask >> 16), 16));
        code.Add(0xF81F0FE9u);           // str x9, [sp, #-16]!: the set lies at sp
        code.Add(MovZ(8, 135));          // rt_sigprocmask
        code.Add(MovZ(0, 0));            // SIG_BLOCK
        code.Add(0x910003E1u);           // mov x1, sp
        code.Add(MovZ(2, 0));
        code.Add(MovZ(3, 8));            // bytes in the set
        code.Add(svc);
        var wait = code.Count;
        code.Add(MovZ(8, 137));          // rt_sigtimedwait
        code.Add(0x910003E0u);           // mov x0, sp
        code.Add(MovZ(1, 0));
        code.Add(MovZ(2, 0));
        code.Add(MovZ(3, 8));
        code.Add(svc);
        code.Add(CmpImmediate(0, 15));   // SIGTERM
        var toExit1 = code.Count;
        code.Add(0);
        code.Add(CmpImmediate(0, 2));    // SIGINT
        var toExit2 = code.Count;
        code.Add(0);
        code.Add(CmpImmediate(0, 17));   // SIGCHLD
        code.Add(Branch(notEqual, code.Count, wait));
        var reap = code.Count;
        code.Add(MovZ(8, 260));          // wait4
        code.Add(0x92800000u);           // mov x0, #-1: any child
        code.Add(MovZ(1, 0));
        code.Add(MovZ(2, 1));            // WNOHANG
        code.Add(MovZ(3, 0));
        code.Add(svc);
        code.Add(CmpImmediate(0, 0));
        code.Add(Branch(greater, code.Count, reap));
        code.Add(0x14000000u | ((uint)(wait - code.Count) & 0x3FFFFFF)); // b wait
        code[toExit1] = Branch(equal, toExit1, code.Count);
        code[toExit2] = Branch(equal, toExit2, code.Count);
        code.Add(MovZ(8, 93));           // exit
        code.Add(MovZ(0, 0));
        code.Add(svc);

        var bytes = new byte[code.Count * 4];
        for (var i = 0; i < code.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), code[i]);
        }

        return bytes;
    }

    // One header, one loadable segment, no sections: all that the kernel reads.
    private static byte[] Elf(ushort machine, byte[] code)
    {
        var file = new byte[CodeOffset + code.Length];
        var header = file.AsSpan();
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(header); // 64-bit, little-endian, version 1
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], machine);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], LoadAddress + CodeOffset); // entry
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], ElfHeaderBytes); // program headers begin
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], ElfHeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], ProgramHeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 1); // one program header

        var segment = header[ElfHeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5); // readable, executable
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x10000); // alignment: the largest page of arm64
        code.CopyTo(file, CodeOffset);
        return file;
    }
}
