using KubeAspire.Testing.StorageContract;

namespace KubeAspire.ApiServer.Tests.Storage;

public sealed class EmbeddedStorageWriteTests(ApiFixture api) : StorageWriteSuite<ApiFixture>(api);

public sealed class EmbeddedStorageListTests(ApiFixture api) : StorageListSuite<ApiFixture>(api);

public sealed class EmbeddedStorageWatchTests(ApiFixture api) : StorageWatchSuite<ApiFixture>(api);
