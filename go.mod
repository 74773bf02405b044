module ams

go 1.26
