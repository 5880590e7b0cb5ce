package behaviour

// Analytics are all behaviours that are known, in the order in which they are reported: those that
// look at one kind of log, and last what is made of them.
func Analytics() []Analytic {
	return []Analytic{
		webRarePage(),
		webPathConfusion(),
		webForwardedByCookie(),
		webPathParameter(),
		webCookieSession(),
		webStaticPickup(),
		webNewPage(),
		dnsTunnel(),
		netServerEgress(),
		netSweep(),
		netAdminFirstSeen(),
		mailBulkAccess(),
		mailGrantExportCleanup(),
		mailNewClient(),
		mailWatchWords(),
		databaseLoginAnomaly(),
		databaseSchemaSweep(),
		databaseBulkRead(),
		databaseWMIExport(),
		databaseFeatureUsed(),
		hostScriptEngine(),
		hostPotatoChain(),
		hostImpacket(),
		hostNetworkProvider(),
		hostPageWritten(),
		hostTimestomp(),
		hostLogGap(),
		hostLookalikeAccount(),
		stageChain(),
		reinfectionWatch(),
	}
}
