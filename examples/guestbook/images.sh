#!/usr/bin/env bash
# Makes the guestbook's images on this machine's Docker Engine; no registry is asked.
#   guestbook-web:1, guestbook-web:2   the front end: a published .NET app on the .NET runtime of this machine's SDK
#   guestbook-redis:1                  the distribution's redis-server with the libraries it needs
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Copies a program and the libraries it names into a root folder.
with_libraries() { # root program...
  local root=$1 file
  shift
  { printf '%s\n' "$@"; for file in "$@"; do ldd "$file" 2>/dev/null | grep -oE '/[^ ]+' || true; done; } | sort -u | while read -r file; do
    install -D "$file" "$root$file"
  done
}

rootfs() { # root
  mkdir -p "$1/tmp" "$1/etc" "$1/data"
  chmod 1777 "$1/tmp"
  printf 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n' >"$1/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\n' >"$1/etc/group"
  # Names are looked up in /etc/hosts first, then by DNS.
  printf 'hosts: files dns\n' >"$1/etc/nsswitch.conf"
}

redis=$(command -v redis-server || true)
# The package redis-tools holds the same program under another name, and brings no service that starts.
[ -n "$redis" ] || redis=$(command -v redis-check-rdb || true)
if [ -z "$redis" ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "redis-server is needed: install the package redis-tools" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-tools >/dev/null
  redis=$(command -v redis-check-rdb)
fi
root=$work/redis
rootfs "$root"
with_libraries "$root" "$(readlink -f "$redis")"
install -D "$(readlink -f "$redis")" "$root/bin/redis-server"
for busybox in /bin/busybox /usr/bin/busybox; do
  if [ -x "$busybox" ]; then
    with_libraries "$root" "$busybox"
    install -D "$busybox" "$root/bin/busybox"
    ln -sf busybox "$root/bin/sh"
    break
  fi
done
tar -C "$root" -c . | docker import -c 'ENTRYPOINT ["/bin/redis-server"]' -c 'WORKDIR /data' - guestbook-redis:1 >/dev/null
echo "made guestbook-redis:1"

dotnet publish "$here/web/Web.csproj" -c Release -o "$work/web" -v q --nologo -p:UseAppHost=false >"$work/publish.log" || { cat "$work/publish.log"; exit 1; }
sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
runtime=$(dotnet --list-runtimes | awk '$1 == "Microsoft.NETCore.App" && $2 ~ /^10\./ {version = $2} END {print version}')
aspnet=$(dotnet --list-runtimes | awk '$1 == "Microsoft.AspNetCore.App" && $2 ~ /^10\./ {version = $2} END {print version}')
root=$work/dotnet
rootfs "$root"
mkdir -p "$root/app" "$root/usr/share/dotnet/host/fxr" "$root/usr/share/dotnet/shared/Microsoft.NETCore.App" "$root/usr/share/dotnet/shared/Microsoft.AspNetCore.App"
cp "$sdk/dotnet" "$root/usr/share/dotnet/"
cp -r "$sdk/host/fxr/$runtime" "$root/usr/share/dotnet/host/fxr/"
cp -r "$sdk/shared/Microsoft.NETCore.App/$runtime" "$root/usr/share/dotnet/shared/Microsoft.NETCore.App/"
cp -r "$sdk/shared/Microsoft.AspNetCore.App/$aspnet" "$root/usr/share/dotnet/shared/Microsoft.AspNetCore.App/"
with_libraries "$root" "$sdk/dotnet" "$sdk/shared/Microsoft.NETCore.App/$runtime/libcoreclr.so" "$sdk/shared/Microsoft.NETCore.App/$runtime/libSystem.Native.so"
cp -r "$work/web/." "$root/app/"
# Two tags of one image, so that a rolling update has somewhere to go.
tar -C "$root" -c . | docker import -c 'ENTRYPOINT ["/usr/share/dotnet/dotnet", "/app/Guestbook.Web.dll"]' -c 'WORKDIR /app' \
  -c 'ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1' -c 'ENV DOTNET_gcServer=0' -c 'EXPOSE 8080' - guestbook-web:1 >/dev/null
docker tag guestbook-web:1 guestbook-web:2
echo "made guestbook-web:1 and guestbook-web:2"
