// The tests start clusters and measure what users see: two at once would be in each other's way.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
