module howdah.test/custom-metrics

go 1.24
