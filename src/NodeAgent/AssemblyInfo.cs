using System.Runtime.Versioning;

// Containers, mounts, modes of files: the agent is a program for Linux.
[assembly: SupportedOSPlatform("linux")]
